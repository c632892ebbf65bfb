import assert from 'node:assert/strict';
import { EncapsulationKind } from '@foxglove/cdr';
import fc from 'fast-check';
import { EffvitError } from '../../../../src/core/EffvitError.js';
import { parseCompressedImageCdr, parseImageCdr } from '../../../../src/image/cdr/parseImageCdr.js';
import { compressedImageCdr, imageCdr } from '../../../helpers/imageMessages.js';

function problemOf(bytes: Uint8Array): EffvitError {
  try {
    parseImageCdr(bytes, '/camera');
  } catch (error) {
    assert.ok(error instanceof EffvitError);
    return error;
  }
  return assert.fail('it was accepted');
}

describe('parseImageCdr', () => {
  for (const kind of [EncapsulationKind.CDR_LE, EncapsulationKind.CDR_BE]) {
    it(`reads every field of ${EncapsulationKind[kind]}`, () => {
      const data = Uint8Array.from({ length: 24 }, (_, at) => at * 7);
      const fields = { sec: -3, nanosec: 999_999_999, frameId: 'cam_optical', isBigEndian: 1, data };
      const frame = parseImageCdr(
        imageCdr({ ...fields, heightPx: 3, widthPx: 2, encoding: 'rgb8', strideBytes: 8 }, kind),
        '/camera',
      );
      assert.deepEqual(
        { ...frame, data: [...frame.data] },
        {
          kind: 'raw',
          stamp: { sec: -3, nanosec: 999_999_999 },
          frameId: 'cam_optical',
          source: '/camera',
          encoding: 'rgb8',
          widthPx: 2,
          heightPx: 3,
          strideBytes: 8,
          isBigEndian: true,
          data: [...data],
        },
      );
    });
  }

  it('keeps the fields apart whatever the length of the strings before them', () => {
    for (let length = 0; length < 80; length++) {
      const frame = parseImageCdr(
        imageCdr({ frameId: 'x'.repeat(length), widthPx: 7, data: new Uint8Array(3) }),
        '/c',
      );
      assert.equal(frame.frameId.length, length);
      assert.equal(frame.kind === 'raw' && frame.widthPx, 7);
      assert.equal(frame.data.byteLength, 3);
    }
  });

  it('gives a compressed picture in the place of pixels as such', () => {
    for (const encoding of ['jpeg', 'jpg', 'mjpeg', 'png']) {
      const frame = parseImageCdr(imageCdr({ encoding, data: Uint8Array.of(1, 2) }), '/image');
      assert.equal(frame.kind, 'compressed');
      assert.equal(frame.kind === 'compressed' && frame.format, encoding);
      assert.deepEqual([...frame.data], [1, 2]);
    }
  });

  it('gives the pixels as a view of the message', () => {
    const bytes = imageCdr({ data: Uint8Array.of(1, 2, 3) });
    const frame = parseImageCdr(bytes, '/camera');
    assert.equal(frame.data.buffer, bytes.buffer);
    bytes[bytes.byteLength - 1] = 99;
    assert.equal(frame.data[2], 99);
  });

  it('reads a message that lies at an odd place of a larger buffer', () => {
    const bytes = imageCdr({ sec: 5, encoding: 'bgr8', data: Uint8Array.of(9, 8) });
    const larger = new Uint8Array(bytes.byteLength + 7);
    larger.set(bytes, 3);
    const frame = parseImageCdr(larger.subarray(3, 3 + bytes.byteLength), '/camera');
    assert.equal(frame.stamp.sec, 5);
    assert.deepEqual([...frame.data], [9, 8]);
  });

  it('reads strings beyond ASCII', () => {
    assert.equal(parseImageCdr(imageCdr({ frameId: 'カメラ_ü' }), '/camera').frameId, 'カメラ_ü');
  });

  it('refuses what is not plain CDR', () => {
    const bytes = imageCdr();
    bytes[1] = 3;
    assert.match(problemOf(bytes).message, /\/camera has CDR encapsulation 0x0003/);
    assert.match(problemOf(new Uint8Array(2)).message, /has 2 bytes/);
    assert.equal(problemOf(new Uint8Array(0)).code, 'BAD_IMAGE');
  });

  it('refuses a length beyond the message, without allocating it', () => {
    const bytes = imageCdr({ data: Uint8Array.of(1, 2, 3, 4) });
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(bytes.byteLength - 8, 0xffffffff, true);
    assert.match(problemOf(bytes).message, /data needs 4294967295 bytes .* but 4 of \d+ are left/);
  });

  it('refuses every cut-off prefix', () => {
    const bytes = imageCdr({ frameId: 'camera', encoding: 'rgb8', data: Uint8Array.of(1, 2, 3) });
    for (let length = 0; length < bytes.byteLength; length++) {
      assert.equal(problemOf(bytes.subarray(0, length)).code, 'BAD_IMAGE');
    }
  });

  it('gives a frame within the bytes, or a BAD_IMAGE, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (random, isLittle) => {
        const bytes = Uint8Array.of(0, isLittle ? 1 : 0, 0, 0, ...random);
        try {
          assert.ok(parseImageCdr(bytes, '/camera').data.byteLength <= random.byteLength);
        } catch (error) {
          assert.ok(error instanceof EffvitError && error.code === 'BAD_IMAGE');
        }
      }),
    );
  });
});

describe('parseCompressedImageCdr', () => {
  for (const kind of [EncapsulationKind.CDR_LE, EncapsulationKind.CDR_BE]) {
    it(`reads every field of ${EncapsulationKind[kind]}`, () => {
      const data = Uint8Array.of(0xff, 0xd8, 0xff);
      const bytes = compressedImageCdr(
        { sec: 1, nanosec: 2, frameId: 'f', format: 'bgr8; jpeg compressed bgr8', data },
        kind,
      );
      const frame = parseCompressedImageCdr(bytes, '/camera/compressed');
      assert.deepEqual(
        { ...frame, data: [...frame.data] },
        {
          kind: 'compressed',
          stamp: { sec: 1, nanosec: 2 },
          frameId: 'f',
          source: '/camera/compressed',
          format: 'bgr8; jpeg compressed bgr8',
          data: [...data],
        },
      );
      assert.equal(frame.data.buffer, bytes.buffer);
    });
  }

  it('refuses every cut-off prefix', () => {
    const bytes = compressedImageCdr({ frameId: 'camera', data: Uint8Array.of(1, 2, 3) });
    for (let length = 0; length < bytes.byteLength; length++) {
      assert.throws(() => parseCompressedImageCdr(bytes.subarray(0, length), '/c'), { code: 'BAD_IMAGE' });
    }
  });
});
