import assert from 'node:assert/strict';
import { parse } from '@foxglove/rosmsg';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import type { RegionResult, ResultChoice } from '../../../src/classify/RegionResult.js';
import type { Stamp } from '../../../src/core/Stamp.js';
import { MessageEncoder } from '../../../src/messages/definitions/MessageEncoder.js';
import { messageDefinition } from '../../../src/messages/definitions/messageDefinition.js';
import type { DetectionMessage } from '../../../src/messages/detectionsMessage.js';
import {
  type PerceptionTargetsMessage,
  perceptionRegionsMessage,
  perceptionTargetsMessage,
} from '../../../src/messages/perceptionTargetsMessage.js';

const TYPE = 'ai_msgs/msg/PerceptionTargets';
const NOW_NS = 1_700_000_000_500_000_000n;

/** What any outcome of a frame of 960x544 has. */
const frame = (
  stamp: Stamp,
  frameId: string,
  spans: Record<'decodeNs' | 'preprocessNs' | 'inferenceNs', number>,
) => ({
  header: { stamp, frameId, source: '/hbmem_img' },
  timings: {
    queueWaitNs: 1e6,
    batchWaitNs: 0,
    copyNs: 1e5,
    handoverNs: 2e4,
    postprocessNs: 40_000,
    deliveryNs: 60_000,
    totalNs: 12_000_000,
    ...spans,
  },
  widthPx: 960,
  heightPx: 544,
  workerId: 0,
  batchSize: 1,
  generation: 1,
});

/** The message of a whole frame. */
function ofFrame(stamp: Stamp, framesPerSecond = 29.6): PerceptionTargetsMessage {
  return perceptionTargetsMessage(
    {
      kind: 'result',
      ...frame(stamp, '17', { decodeNs: 3_000_500, preprocessNs: 1_000_000, inferenceNs: 5_720_250 }),
      value: [
        { index: 905, label: 'window shade', score: 0.75 },
        { index: 3, label: 'tiger shark', score: 0.125 },
      ],
    },
    { leftPx: 1, topPx: 2, widthPx: 3, heightPx: 4 },
    { modelName: 'mobilenetv2', framesPerSecond, nowNs: NOW_NS },
  );
}

describe('perceptionTargetsMessage', () => {
  it('keeps the header, and makes a target of each class, the best first', () => {
    const { header, fps, targets, disappeared_targets } = ofFrame({ sec: 1_700_000_000, nanosec: 5 });
    assert.deepEqual(header, { stamp: { sec: 1_700_000_000, nanosec: 5 }, frame_id: '17' });
    assert.equal(fps, 30);
    assert.deepEqual(disappeared_targets, []);
    assert.deepEqual(targets[0], {
      type: 'window shade',
      track_id: 0n,
      rois: [
        {
          type: '',
          rect: { x_offset: 1, y_offset: 2, height: 4, width: 3, do_rectify: false },
          confidence: 0.75,
        },
      ],
      attributes: [
        { type: 'score', value: 0.75, confidence: 0.75 },
        { type: 'class_index', value: 905, confidence: 0.75 },
      ],
      points: [],
      captures: [],
    });
    assert.deepEqual(
      targets.map(({ type }) => type),
      ['window shade', 'tiger shark'],
    );
  });

  it("has the steps in hobot_dnn's order, one after another, to the nanosecond", () => {
    const { perfs } = ofFrame({ sec: 1_700_000_000, nanosec: 480_000_000 });
    assert.deepEqual(
      perfs.map(({ type, time_ms_duration }) => [type, time_ms_duration]),
      [
        ['mobilenetv2_preprocess', 4.0005],
        ['mobilenetv2_predict_infer', 5.72025],
        ['mobilenetv2_predict_parse', 0.04],
        ['mobilenetv2_postprocess', 0.06],
        ['mobilenetv2_pipeline', 20],
      ],
    );
    for (const [index, { stamp_end }] of perfs.slice(0, 3).entries())
      assert.deepEqual(perfs[index + 1]?.stamp_start, stamp_end);
    assert.deepEqual(perfs[3]?.stamp_end, { sec: 1_700_000_000, nanosec: 500_000_000 });
    assert.deepEqual(perfs[4]?.stamp_start, { sec: 1_700_000_000, nanosec: 480_000_000 });
  });

  it('takes the admission for a pipeline whose stamp is none, ahead, or of another clock', () => {
    for (const sec of [0, 86_400, 1_700_000_002, -5])
      assert.equal(ofFrame({ sec, nanosec: 0 }).perfs[4]?.time_ms_duration, 12, String(sec));
  });

  it('can be serialised, whatever the rate', () => {
    const encoder = new MessageEncoder(TYPE);
    assert.ok(encoder.encode(ofFrame({ sec: 1, nanosec: 2 }, 1e9)).length > 100);
  });
});

const STOP = { index: 4, label: 'stop', score: 0.75 };
const YIELD = { index: 2, label: 'yield', score: 0.25 };
const PLACE = { leftPx: 8, topPx: 18, widthPx: 34, heightPx: 12 };

/** A box with its middle at 100, 20, 30 wide and 10 high. */
function detection(id: string, x = 100): DetectionMessage {
  const header = { stamp: { sec: 1, nanosec: 2 }, frame_id: 'detector' };
  return {
    header,
    results: [{ hypothesis: { class_id: 'sign', score: 0.5 } }],
    bbox: { center: { position: { x, y: 20 }, theta: 0 }, size_x: 30, size_y: 10 },
    id,
  };
}

/** The message of a frame with boxes. */
function ofRegions(
  detections: readonly DetectionMessage[],
  regions: readonly RegionResult[],
  results: ResultChoice = 'raw',
): PerceptionTargetsMessage {
  const stamp = { sec: 1_700_000_000, nanosec: 480_000_000 };
  const spans = { decodeNs: 500_000, preprocessNs: 1_500_000, inferenceNs: 8_000_000 };
  return perceptionRegionsMessage(
    { kind: 'regions', ...frame(stamp, 'optical', spans), regions },
    { header: detection('').header, detections },
    results,
    { modelName: 'signs', framesPerSecond: 29.6, nowNs: NOW_NS },
  );
}

const typesOf = ({ targets }: PerceptionTargetsMessage): string[] => targets.map(({ type }) => type);

describe('perceptionRegionsMessage', () => {
  it("has a target for each box with the frame's header, the best class, its place and its track", () => {
    const made = ofRegions([detection('17')], [{ kind: 'classified', region: PLACE, value: [STOP, YIELD] }]);
    assert.deepEqual(made.header, {
      stamp: { sec: 1_700_000_000, nanosec: 480_000_000 },
      frame_id: 'optical',
    });
    assert.deepEqual([made.fps, made.disappeared_targets], [30, []]);
    assert.deepEqual(made.targets, [
      {
        type: 'stop',
        track_id: 17n,
        rois: [
          {
            type: '',
            rect: { x_offset: 8, y_offset: 18, height: 12, width: 34, do_rectify: false },
            confidence: 0.75,
          },
        ],
        attributes: [
          { type: 'score', value: 0.75, confidence: 0.75 },
          { type: 'class_index', value: 4, confidence: 0.75 },
        ],
        points: [],
        captures: [],
      },
    ]);
  });

  it('has UNKNOWN at the place of the detector for a box that was not classified, in the order of the boxes', () => {
    const made = ofRegions(
      [detection('1'), detection('2'), detection('3', Number.NaN), detection('4', -10), detection('5')],
      [
        { kind: 'unknown', cause: 'over_limit' },
        { kind: 'classified', region: PLACE, value: [YIELD] },
        { kind: 'unknown', cause: 'invalid' },
        { kind: 'unknown', cause: 'outside' },
        { kind: 'classified', region: PLACE, value: [] },
      ],
    );
    assert.deepEqual(typesOf(made), ['UNKNOWN', 'yield', 'UNKNOWN', 'UNKNOWN', 'UNKNOWN']);
    assert.deepEqual(
      made.targets.map(({ rois }) => [
        rois[0]?.rect.x_offset,
        rois[0]?.rect.width,
        rois[0]?.rect.y_offset,
        rois[0]?.rect.height,
        rois[0]?.confidence,
      ]),
      [
        [85, 30, 15, 10, 0],
        [8, 34, 18, 12, 0.25],
        [0, 30, 15, 10, 0],
        // Unsigned pixels cannot tell what is left of the picture.
        [0, 30, 15, 10, 0],
        [8, 34, 18, 12, 0],
      ],
    );
    assert.deepEqual(
      made.targets.map(({ attributes }) => attributes.length),
      [0, 2, 0, 0, 0],
    );
  });

  it('takes an id for a track where it is a number that fits, and else none', () => {
    const ids = ['0', '42', '007', '', 'car', '-1', '1.5', '9'.repeat(19), '9'.repeat(20)];
    const made = ofRegions(
      ids.map((id) => detection(id)),
      [],
    );
    assert.deepEqual(
      made.targets.map(({ track_id }) => track_id),
      [0n, 42n, 7n, 0n, 0n, 0n, 0n, BigInt('9'.repeat(19)), 0n],
    );
    assert.equal(made.targets.length, ids.length);
  });

  it("has the smoothed class of a track where asked, also at a box that wasn't classified", () => {
    const regions: readonly RegionResult[] = [
      { kind: 'classified', region: PLACE, value: [STOP], smoothed: [YIELD, STOP] },
      { kind: 'unknown', cause: 'over_limit', smoothed: [STOP] },
      { kind: 'unknown', cause: 'over_limit', smoothed: [] },
      { kind: 'classified', region: PLACE, value: [STOP] },
    ];
    const detections = ['1', '2', '3', ''].map((id) => detection(id));
    assert.deepEqual(typesOf(ofRegions(detections, regions)), ['stop', 'UNKNOWN', 'UNKNOWN', 'stop']);
    assert.deepEqual(typesOf(ofRegions(detections, regions, 'smoothed')), [
      'yield',
      'stop',
      'UNKNOWN',
      'stop',
    ]);
  });

  it("has the frame's steps one after another, as whole frames do", () => {
    const { perfs } = ofRegions([], []);
    assert.deepEqual(
      perfs.map(({ type, time_ms_duration }) => [type, time_ms_duration]),
      [
        ['signs_preprocess', 2],
        ['signs_predict_infer', 8],
        ['signs_predict_parse', 0.04],
        ['signs_postprocess', 0.06],
        ['signs_pipeline', 20],
      ],
    );
  });

  it('is read by a library of others as it was written', () => {
    const largest = BigInt('9'.repeat(19));
    const made = ofRegions(
      [detection(String(largest)), detection('знак')],
      [
        { kind: 'classified', region: PLACE, value: [{ ...STOP, label: 'стоп' }] },
        { kind: 'unknown', cause: 'empty' },
      ],
    );
    const reader = new MessageReader(parse(messageDefinition(TYPE), { ros2: true }));
    const read = reader.readMessage<PerceptionTargetsMessage>(new MessageEncoder(TYPE).encode(made));
    assert.deepEqual(
      read.targets.map(({ type, track_id, rois }) => [type, track_id, { ...rois[0]?.rect }]),
      made.targets.map(({ type, track_id, rois }) => [type, track_id, rois[0]?.rect]),
    );
    assert.deepEqual(typesOf(read), ['стоп', 'UNKNOWN']);
  });
});
