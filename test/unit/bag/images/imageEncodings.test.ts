import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { CdrWriter } from '@foxglove/cdr';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { imageParserFor } from '../../../../src/bag/imageParserFor.js';
import { openBag } from '../../../../src/bag/openBag.js';
import { EffvitError } from '../../../../src/core/EffvitError.js';
import { mcapBytes, START_NS, type TestMessage } from '../../../helpers/bags.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

const STAMP = { sec: 1700000000, nanosec: 123456789 };
const PIXELS = Uint8Array.from({ length: 18 }, (_, index) => 7 * index);
const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 1, 2, 3);
const RAW = { widthPx: 3, heightPx: 2, encoding: 'rgb8', strideBytes: 9, isBigEndian: false } as const;

/** ROS 1's serialisation, written down field by field: little endian, no alignment. */
function ros1(...parts: readonly (number | string | Uint8Array | { readonly byte: number })[]): Uint8Array {
  const word = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  return Buffer.concat(
    parts.flatMap((part) => {
      if (typeof part === 'number') return [word(part)];
      if (typeof part === 'string') return [word(part.length), Buffer.from(part)];
      if (part instanceof Uint8Array) return [word(part.length), part];
      return [Buffer.of(part.byte)];
    }),
  );
}

/** As the schema files of foxglove-sdk have it, by their own text. */
const foxglove = protobuf.parse(`
  syntax = "proto3";
  package foxglove;
  message Timestamp { int64 seconds = 1; int32 nanos = 2; }
  message CompressedImage { Timestamp timestamp = 1; string frame_id = 4; bytes data = 2; string format = 3; }
  message RawImage {
    Timestamp timestamp = 1; string frame_id = 7; fixed32 width = 2; fixed32 height = 3;
    string encoding = 4; fixed32 step = 5; bytes data = 6;
  }`).root;

function proto(type: string, content: object): Uint8Array {
  const timestamp = { seconds: STAMP.sec, nanos: STAMP.nanosec };
  return foxglove
    .lookupType(type)
    .encode({ timestamp, frameId: 'lens', ...content })
    .finish();
}

function json(content: object): Uint8Array {
  return Buffer.from(JSON.stringify(content));
}

function foxgloveCdr(write: (writer: CdrWriter) => CdrWriter): Uint8Array {
  return write(new CdrWriter().int32(STAMP.sec).uint32(STAMP.nanosec).string('lens')).data;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const jsonRaw = { width: 3, height: 2, encoding: 'rgb8', step: 9, data: base64(PIXELS) };
const nsecStamp = { sec: STAMP.sec, nsec: STAMP.nanosec };

const MESSAGES: readonly (readonly [encoding: string, type: string, data: Uint8Array])[] = [
  [
    'ros1',
    'sensor_msgs/Image',
    ros1(5, STAMP.sec, STAMP.nanosec, 'lens', 2, 3, 'rgb8', { byte: 0 }, 9, PIXELS),
  ],
  ['ros1', 'sensor_msgs/CompressedImage', ros1(5, STAMP.sec, STAMP.nanosec, 'lens', 'jpeg', JPEG)],
  [
    'protobuf',
    'foxglove.RawImage',
    proto('foxglove.RawImage', { width: 3, height: 2, encoding: 'rgb8', step: 9, data: PIXELS }),
  ],
  ['protobuf', 'foxglove.CompressedImage', proto('foxglove.CompressedImage', { format: 'jpeg', data: JPEG })],
  ['json', 'foxglove.RawImage', json({ timestamp: nsecStamp, frame_id: 'lens', ...jsonRaw })],
  [
    'json',
    'foxglove.CompressedImage',
    json({ timestamp: nsecStamp, frame_id: 'lens', format: 'jpeg', data: base64(JPEG) }),
  ],
  [
    'json',
    'sensor_msgs/msg/Image',
    json({ header: { stamp: STAMP, frame_id: 'lens' }, ...jsonRaw, is_bigendian: 0, data: [...PIXELS] }),
  ],
  [
    'json',
    'sensor_msgs/CompressedImage',
    json({
      header: { stamp: { secs: STAMP.sec, nsecs: STAMP.nanosec }, frame_id: 'lens' },
      format: 'jpeg',
      data: base64(JPEG),
    }),
  ],
  [
    'cdr',
    'foxglove_msgs/msg/RawImage',
    foxgloveCdr((writer) =>
      writer.uint32(3).uint32(2).string('rgb8').uint32(9).uint32(PIXELS.length).uint8Array(PIXELS),
    ),
  ],
  [
    'cdr',
    'foxglove_msgs/msg/CompressedImage',
    foxgloveCdr((writer) => writer.uint32(JPEG.length).uint8Array(JPEG).string('jpeg')),
  ],
];

async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('image messages of other encodings', () => {
  const scratch = scratchFolder();

  for (const [encoding, type, data] of MESSAGES) {
    it(`${type} in ${encoding}`, async () => {
      const message: TestMessage = { topic: '/cam', type, encoding, logTimeNs: START_NS, data };
      const path = scratch.path('one.mcap');
      writeFileSync(path, await mcapBytes([message]));
      const bag = await openBag(path);
      try {
        assert.deepEqual(
          bag.imageTopics().map(({ name }) => name),
          ['/cam'],
        );
        const items = await allOf(bag.imageFrames());
        const [item] = items;
        assert.ok(items.length === 1 && item?.kind === 'image');
        const { data: bytes, ...frame } = item.frame;
        const header = { stamp: STAMP, frameId: 'lens', source: '/cam' };
        if (type.endsWith('CompressedImage')) {
          assert.deepEqual(frame, { kind: 'compressed', ...header, format: 'jpeg' });
          assert.deepEqual(Uint8Array.from(bytes), JPEG);
        } else {
          assert.deepEqual(frame, { kind: 'raw', ...header, ...RAW });
          assert.deepEqual(Uint8Array.from(bytes), PIXELS);
        }
      } finally {
        await bag.close();
      }
    });

    it(`gives a frame or a BAD_IMAGE for ${type} in ${encoding}, whatever the damage`, () => {
      const parse = imageParserFor({ type, encoding });
      assert.ok(parse !== undefined);
      fc.assert(
        fc.property(
          fc.nat({ max: data.length }),
          fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }),
          (length, changes) => {
            const bytes = Uint8Array.from(data.subarray(0, length));
            for (const [place, value] of changes) if (length > 0) bytes[place % length] = value;
            try {
              const frame = parse(bytes, '/cam');
              assert.ok(frame.data instanceof Uint8Array);
              const { sec, nanosec } = frame.stamp;
              assert.ok(sec === (sec | 0) && nanosec === nanosec >>> 0);
            } catch (error) {
              assert.ok(error instanceof EffvitError && error.code === 'BAD_IMAGE', String(error));
            }
          },
        ),
        { numRuns: 300 },
      );
    });
  }

  it('reads a topic whose channels differ, each message in its own way', async () => {
    const path = scratch.path('mixed.mcap');
    const [first, second] = [MESSAGES[1], MESSAGES[7]];
    assert.ok(first !== undefined && second !== undefined);
    const messages = [first, second].map(([encoding, type, data], at) => ({
      ...{ topic: '/cam', type, encoding, logTimeNs: START_NS + BigInt(at), data },
      publisher: String(at),
    }));
    writeFileSync(path, await mcapBytes(messages));
    const bag = await openBag(path);
    try {
      const items = await allOf(bag.imageFrames());
      assert.deepEqual(
        items.map((item) => item.kind === 'image' && Uint8Array.from(item.frame.data)),
        [JPEG, JPEG],
      );
    } finally {
      await bag.close();
    }
  });

  it('names the encoding that it does not read, with the way to convert', async () => {
    const path = scratch.path('other.mcap');
    const message = { topic: '/cam', logTimeNs: START_NS, data: Uint8Array.of(1) };
    writeFileSync(
      path,
      await mcapBytes([
        { ...message, type: 'foxglove.RawImage', encoding: 'flatbuffer' },
        { ...message, topic: '/video', type: 'foxglove.CompressedVideo', encoding: 'json' },
      ]),
    );
    const bag = await openBag(path);
    try {
      assert.throws(
        () => bag.imageFrames(),
        /no image topics .* it has \/cam \(foxglove\.RawImage, flatbuffer messages: convert them to ROS 2's cdr.*\), \/video \(foxglove\.CompressedVideo, json messages: convert/,
      );
      assert.throws(() => bag.imageFrames({ topics: ['/cam'] }), /flatbuffer messages: convert/);
    } finally {
      await bag.close();
    }
  });
});
