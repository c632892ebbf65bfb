import assert from 'node:assert/strict';
import { parse } from '@foxglove/rosmsg';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import fc from 'fast-check';
import { parseImageCdr } from '../../../../src/image/cdr/parseImageCdr.js';
import { MessageEncoder } from '../../../../src/messages/definitions/MessageEncoder.js';
import { messageDefinition } from '../../../../src/messages/definitions/messageDefinition.js';

function decode(type: string, bytes: Uint8Array): unknown {
  return new MessageReader(parse(messageDefinition(type), { ros2: true })).readMessage(bytes);
}

/** What is decoded has the usual prototype, and is compared strictly. */
const USUAL = { noNullPrototype: true };

const header = fc.record(
  {
    stamp: fc.record({ sec: fc.integer(), nanosec: fc.nat(999_999_999) }, USUAL),
    frame_id: fc.string({ unit: 'grapheme' }),
  },
  USUAL,
);

const classResults = fc.array(
  fc.record(
    {
      class_index: fc.nat(2 ** 32 - 1),
      label: fc.string({ unit: 'grapheme' }),
      score: fc.double({ noNaN: true }),
    },
    USUAL,
  ),
  { maxLength: 6 },
);

describe('MessageEncoder', () => {
  it('writes reports that a library reads back, in any alphabet', () => {
    const encoder = new MessageEncoder('effvit/msg/FrameReport');
    const ns = fc.bigInt(0n, 2n ** 64n - 1n);
    fc.assert(
      fc.property(
        fc.record(
          {
            header,
            source: fc.string({ unit: 'grapheme' }),
            sequence: ns,
            drop_cause: fc.string(),
            drop_reason: fc.string({ unit: 'binary' }),
            results: classResults,
            smoothed_results: classResults,
            regions: fc.array(
              fc.record(
                {
                  id: fc.string({ unit: 'grapheme' }),
                  unknown_cause: fc.string(),
                  unknown_reason: fc.string(),
                  left_px: fc.nat(),
                  top_px: fc.nat(),
                  width_px: fc.nat(),
                  height_px: fc.nat(),
                  results: classResults,
                  smoothed_results: classResults,
                },
                USUAL,
              ),
              { maxLength: 3 },
            ),
            unknown_causes: fc.array(fc.string(), { maxLength: 3 }),
            known_score: fc.double({ noNaN: true }),
            has_picture_figures: fc.boolean(),
            brightness: fc.double({ noNaN: true }),
            contrast: fc.double({ noNaN: true }),
            sharpness: fc.double({ noNaN: true }),
            flat_share: fc.double({ noNaN: true }),
            unchanged_ns: ns,
            picture_problems: fc.array(fc.string(), { maxLength: 3 }),
            width_px: fc.nat(),
            height_px: fc.nat(),
            region_left_px: fc.nat(),
            region_top_px: fc.nat(),
            region_width_px: fc.nat(),
            region_height_px: fc.nat(),
            worker_id: fc.integer(),
            batch_size: fc.nat(),
            generation: fc.nat(),
            backend: fc.constantFrom('onnx', 'bpu'),
            is_simulated: fc.boolean(),
            queue_wait_ns: ns,
            copy_ns: ns,
            handover_ns: ns,
            decode_ns: ns,
            preprocess_ns: ns,
            batch_wait_ns: ns,
            inference_ns: ns,
            postprocess_ns: ns,
            delivery_ns: ns,
            total_ns: ns,
            has_delay: fc.boolean(),
            delay_ns: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
          },
          USUAL,
        ),
        (message) => {
          assert.deepEqual(decode('effvit/msg/FrameReport', encoder.encode(message)), message);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('writes images that are parsed back', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const bytes = new MessageEncoder('sensor_msgs/msg/Image').encode({
      header: { stamp: { sec: 3, nanosec: 4 }, frame_id: 'größe' },
      height: 1,
      width: 2,
      encoding: 'rgb8',
      step: 6,
      data,
    });
    const frame = parseImageCdr(bytes, '/c');
    assert.deepEqual(
      { ...frame, data: [...frame.data] },
      {
        kind: 'raw',
        source: '/c',
        stamp: { sec: 3, nanosec: 4 },
        frameId: 'größe',
        encoding: 'rgb8',
        widthPx: 2,
        heightPx: 1,
        strideBytes: 6,
        isBigEndian: false,
        data: [...data],
      },
    );
  });

  it('fills in what is left out', () => {
    assert.deepEqual(
      decode('effvit/msg/StageStatistics', new MessageEncoder('effvit/msg/StageStatistics').encode({})),
      { name: '', count: 0n, mean_ms: 0, p50_ms: 0, p95_ms: 0, p99_ms: 0, max_ms: 0 },
    );
  });

  it('takes 64-bit integers as numbers too, and not-a-number as it is', () => {
    const bytes = new MessageEncoder('effvit/msg/StageStatistics').encode({ count: 7, mean_ms: Number.NaN });
    const message = decode('effvit/msg/StageStatistics', bytes) as { count: bigint; mean_ms: number };
    assert.equal(message.count, 7n);
    assert.ok(Number.isNaN(message.mean_ms));
  });

  for (const [what, message, pattern] of [
    ['an unknown field', { nam: 'x' }, /effvit\/msg\/FrameReport has no field nam/],
    ['an unknown field within', { header: { stmp: {} } }, /FrameReport\.header has no field stmp/],
    ['a number for a string', { source: 5 }, /Expected a string for .*source but received 5/],
    ['a text for a number', { generation: '5' }, /Expected an uint32 for .*generation/],
    ['a fraction', { worker_id: 1.5 }, /Expected an int32 for .*worker_id but received 1\.5/],
    ['a negative count', { sequence: -1n }, /Expected an uint64 for .*sequence but received -1/],
    ['too large a count', { generation: 2 ** 32 }, /Expected an uint32/],
    ['no list', { results: 5 }, /Expected an array for .*results/],
    ['no message in a list', { results: [5] }, /Expected a effvit\/ClassResult for .*results\[0\]/],
    ['no boolean', { has_delay: 1 }, /Expected true or false/],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => new MessageEncoder('effvit/msg/FrameReport').encode(message), {
        code: 'BAD_ARGUMENT',
        message: pattern,
      });
    });
  }
});
