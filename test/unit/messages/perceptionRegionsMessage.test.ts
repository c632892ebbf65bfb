import assert from 'node:assert/strict';
import { parse } from '@foxglove/rosmsg';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import type { RegionResult, ResultChoice } from '../../../src/classify/RegionResult.js';
import { MessageEncoder } from '../../../src/messages/definitions/MessageEncoder.js';
import { messageDefinition } from '../../../src/messages/definitions/messageDefinition.js';
import type { DetectionMessage } from '../../../src/messages/detectionsMessage.js';
import {
  type PerceptionTargetsMessage,
  perceptionRegionsMessage,
} from '../../../src/messages/perceptionTargetsMessage.js';

const TYPE = 'ai_msgs/msg/PerceptionTargets';
const TIMINGS = {
  queueWaitNs: 0,
  batchWaitNs: 0,
  copyNs: 0,
  handoverNs: 0,
  decodeNs: 500_000,
  preprocessNs: 1_500_000,
  inferenceNs: 8_000_000,
  postprocessNs: 40_000,
  deliveryNs: 60_000,
  totalNs: 12_000_000,
};
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

function message(
  detections: readonly DetectionMessage[],
  regions: readonly RegionResult[],
  results: ResultChoice = 'raw',
): PerceptionTargetsMessage {
  return perceptionRegionsMessage(
    {
      kind: 'regions',
      header: {
        stamp: { sec: 1_700_000_000, nanosec: 480_000_000 },
        frameId: 'optical',
        source: '/hbmem_img',
      },
      regions,
      timings: TIMINGS,
      widthPx: 960,
      heightPx: 544,
      workerId: 0,
      batchSize: 1,
      generation: 1,
    },
    { header: detection('').header, detections },
    { modelName: 'signs', framesPerSecond: 29.6, nowNs: 1_700_000_000_500_000_000n, results },
  );
}

const typesOf = ({ targets }: PerceptionTargetsMessage): string[] => targets.map(({ type }) => type);

describe('perceptionRegionsMessage', () => {
  it("has a target for each box with the frame's header, the best class, its place and its track", () => {
    const made = message([detection('17')], [{ kind: 'classified', region: PLACE, value: [STOP, YIELD] }]);
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
    const made = message(
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
    const made = message(
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
    assert.deepEqual(typesOf(message(detections, regions)), ['stop', 'UNKNOWN', 'UNKNOWN', 'stop']);
    assert.deepEqual(typesOf(message(detections, regions, 'smoothed')), ['yield', 'stop', 'UNKNOWN', 'stop']);
  });

  it("has the frame's steps one after another, as whole frames do", () => {
    const { perfs } = message([], []);
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
    const made = message(
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
