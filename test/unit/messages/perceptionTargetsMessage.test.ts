import assert from 'node:assert/strict';
import { MessageEncoder } from '../../../src/messages/definitions/MessageEncoder.js';
import { perceptionTargetsMessage } from '../../../src/messages/perceptionTargetsMessage.js';

const TIMINGS = {
  queueWaitNs: 1e6,
  batchWaitNs: 0,
  copyNs: 1e5,
  handoverNs: 2e4,
  decodeNs: 3_000_500,
  preprocessNs: 1_000_000,
  inferenceNs: 5_720_250,
  postprocessNs: 40_000,
  deliveryNs: 60_000,
  totalNs: 12_000_000,
};

function message(stamp: { sec: number; nanosec: number }, framesPerSecond = 29.6) {
  return perceptionTargetsMessage(
    {
      kind: 'result',
      header: { stamp, frameId: '17', source: '/hbmem_img' },
      value: [
        { index: 905, label: 'window shade', score: 0.75 },
        { index: 3, label: 'tiger shark', score: 0.125 },
      ],
      timings: TIMINGS,
      widthPx: 960,
      heightPx: 544,
      workerId: 0,
      batchSize: 1,
      generation: 1,
    },
    {
      modelName: 'mobilenetv2',
      framesPerSecond,
      region: { leftPx: 1, topPx: 2, widthPx: 3, heightPx: 4 },
      nowNs: 1_700_000_000_500_000_000n,
    },
  );
}

describe('perceptionTargetsMessage', () => {
  it('keeps the header, and makes a target of each class, the best first', () => {
    const { header, fps, targets, disappeared_targets } = message({ sec: 1_700_000_000, nanosec: 5 });
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
    const { perfs } = message({ sec: 1_700_000_000, nanosec: 480_000_000 });
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
      assert.equal(message({ sec, nanosec: 0 }).perfs[4]?.time_ms_duration, 12, String(sec));
  });

  it('can be serialised, whatever the rate', () => {
    const encoder = new MessageEncoder('ai_msgs/msg/PerceptionTargets');
    assert.ok(encoder.encode(message({ sec: 1, nanosec: 2 }, 1e9)).length > 100);
  });
});
