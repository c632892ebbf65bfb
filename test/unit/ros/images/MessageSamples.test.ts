import assert from 'node:assert/strict';
import koffi from 'koffi';
import { HBM_LAYOUT } from '../../../../src/image/hbmImageFrame.js';
import type { RawImageFrame } from '../../../../src/image/ImageFrame.js';
import { MessageSamples, type ReceivedImage } from '../../../../src/ros/images/MessageSamples.js';
import { hbmImageSamples, IMAGE_LAYOUT, imageSamples } from '../../../../src/ros/images/sampleKind.js';

/** What lies behind the pointers of a structure; kept from the garbage collector by who holds it. */
function fill(struct: Buffer, { frameId = 'cam', encoding = 'mono8', data = Uint8Array.of(1, 2, 3, 4) }) {
  const view = new DataView(struct.buffer);
  const held: Buffer[] = [];
  const point = (offset: number, content: Uint8Array): void => {
    const memory = Buffer.from(new ArrayBuffer(Math.max(content.length, 1)));
    memory.set(content);
    held.push(memory);
    view.setBigUint64(offset, koffi.address(memory), true);
    view.setBigUint64(offset + 8, BigInt(content.length), true);
    view.setBigUint64(offset + 16, BigInt(content.length + 1), true);
  };
  view.setInt32(IMAGE_LAYOUT.stampSec, -5, true);
  view.setUint32(IMAGE_LAYOUT.stampNanosec, 999_999_999, true);
  point(IMAGE_LAYOUT.frameId, Buffer.from(frameId));
  view.setUint32(IMAGE_LAYOUT.height, 2, true);
  view.setUint32(IMAGE_LAYOUT.width, 3, true);
  point(IMAGE_LAYOUT.encoding, Buffer.from(encoding));
  view.setUint8(IMAGE_LAYOUT.isBigEndian, 1);
  view.setUint32(IMAGE_LAYOUT.step, 4_000_000_000, true);
  point(IMAGE_LAYOUT.data, data);
  return held;
}

const INFO = { publication_sequence_number: 1n, publisher_gid: Buffer.alloc(16), received_timestamp: 0n };

/** The samples with a count of the structures that were freed, and the middleware's way of filling them. */
function rig() {
  const freed: Uint8Array[] = [];
  const samples = new MessageSamples(imageSamples((struct) => freed.push(struct)));
  const take = (topic: string, content: Parameters<typeof fill>[1] = {}) => {
    let filled: { readonly struct: Buffer; readonly held: Buffer[] } | undefined;
    const message = samples.take(topic, (struct) => {
      filled = { struct, held: fill(struct, content) };
      return INFO;
    });
    assert.ok(filled !== undefined && message !== undefined);
    assert.equal(message.info, INFO);
    const image = message.taken as ReceivedImage;
    return { ...filled, image, frame: image.frame as RawImageFrame };
  };
  /** Up to where rcl finds that there is no message. */
  const takeNothing = (topic: string): Buffer => {
    let offered: Buffer | undefined;
    const message = samples.take(topic, (struct) => {
      offered = struct;
      return undefined;
    });
    assert.ok(offered !== undefined && message === undefined);
    return offered;
  };
  return { freed, samples, take, takeNothing };
}

describe('MessageSamples', () => {
  it('is of the type that cameras publish', () => {
    assert.equal(rig().samples.type, 'sensor_msgs/msg/Image');
  });

  it('reads every field of the structure, the pixels in place', () => {
    const { held, frame } = rig().take('/camera', { frameId: 'optische Achse °', encoding: 'rgb8' });
    const { data, ...header } = frame;
    assert.deepEqual(header, {
      kind: 'raw',
      stamp: { sec: -5, nanosec: 999_999_999 },
      frameId: 'optische Achse °',
      source: '/camera',
      encoding: 'rgb8',
      widthPx: 3,
      heightPx: 2,
      strideBytes: 4_000_000_000,
      isBigEndian: true,
    });
    assert.deepEqual([...data], [1, 2, 3, 4]);
    held.at(-1)?.fill(9);
    assert.deepEqual([...data], [9, 9, 9, 9]);
  });

  it('reads an empty message', () => {
    const { frame } = rig().take('/camera', { frameId: '', encoding: '', data: new Uint8Array() });
    assert.deepEqual([frame.frameId, frame.encoding, frame.data.length], ['', '', 0]);
  });

  it('fills no structure that is still read, and uses those again that are not', () => {
    const { take, freed } = rig();
    const first = take('/camera');
    const second = take('/camera');
    assert.notEqual(first.struct, second.struct);
    first.image.release();
    assert.equal(take('/camera').struct, first.struct);
    assert.deepEqual(freed, []);
  });

  it('leaves the structure of a take that found nothing, or failed, to the next one', () => {
    const { take, takeNothing, samples } = rig();
    const struct = takeNothing('/camera');
    const failure = new Error('rcl says no');
    assert.throws(
      () =>
        samples.take('/other', (offered) => {
          assert.equal(offered, struct);
          throw failure;
        }),
      failure,
    );
    assert.equal(take('/camera').struct, struct);
  });

  it('keeps the memory of two images and frees that of more', () => {
    const { take, freed } = rig();
    const taken = Array.from({ length: 5 }, () => take('/camera'));
    for (const { image } of taken) image.release();
    assert.deepEqual(
      freed,
      taken.slice(2).map(({ struct }) => struct),
    );
  });

  it('frees everything once it is closed, what is read at its release', () => {
    const { take, takeNothing, freed, samples } = rig();
    const read = take('/camera');
    const idle = take('/camera');
    const other = takeNothing('/other');
    idle.image.release();
    samples.close();
    assert.deepEqual(new Set(freed), new Set([idle.struct, other]));
    read.image.release();
    assert.equal(freed.length, 3);
  });

  it('gives a jpeg in the place of pixels as the compressed picture that it is', () => {
    const { image } = rig().take('/image', { encoding: 'jpeg', data: Uint8Array.of(0xff, 0xd8) });
    assert.deepEqual(
      { ...image.frame, data: [...image.frame.data] },
      {
        kind: 'compressed',
        stamp: { sec: -5, nanosec: 999_999_999 },
        frameId: 'cam',
        source: '/image',
        format: 'jpeg',
        data: [0xff, 0xd8],
      },
    );
  });

  describe('of hbm_img_msgs', () => {
    function take(samples: MessageSamples, sizeBytes: number) {
      let struct: Buffer = Buffer.alloc(0);
      const message = samples.take('/hbmem_img', (offered) => {
        struct = offered;
        struct.writeUInt32LE(sizeBytes, HBM_LAYOUT.dataSize);
        struct.write('mono8\0', HBM_LAYOUT.encoding, 'latin1');
        return INFO;
      });
      assert.ok(message !== undefined);
      return { struct, taken: message.taken };
    }

    it('are structures of the size that the middleware writes', () => {
      for (const [name, bytes] of Object.entries({
        HbmMsg480P: 921_640,
        HbmMsg540P: 1_555_240,
        HbmMsg1080P: 6_220_840,
      })) {
        const samples = new MessageSamples(hbmImageSamples(`hbm_img_msgs/msg/${name}`));
        assert.equal(samples.type, `hbm_img_msgs/msg/${name}`);
        assert.equal(take(samples, 6).struct.length, bytes);
      }
    });

    it('are read in place, and one that is no image gives its structure back at once', () => {
      const samples = new MessageSamples(hbmImageSamples('hbm_img_msgs/msg/HbmMsg480P'));
      const { struct, taken } = take(samples, 921_601);
      assert.ok('error' in taken);
      assert.match(String(taken.error), /921601 bytes where its array holds 921600/);
      const next = take(samples, 6);
      assert.equal(next.struct, struct);
      assert.ok('frame' in next.taken);
      assert.equal(next.taken.frame.data.buffer, struct.buffer);
      assert.equal(next.taken.frame.data.length, 6);
    });
  });
});
