import assert from 'node:assert/strict';
import type { ClassResult } from '../../../src/classify/ClassResult.js';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { MessageEncoder } from '../../../src/messages/definitions/MessageEncoder.js';
import { frameReportMessage } from '../../../src/messages/frameReportMessage.js';
import type { FrameOutcome } from '../../../src/pool/FrameOutcome.js';

const header = { stamp: { sec: 5, nanosec: 6 }, frameId: 'camera', source: '/camera' };
const context = { sequence: 41, backend: 'bpu_sim', isSimulated: true } as const;

const classified: FrameOutcome<readonly ClassResult[]> = {
  kind: 'result',
  header,
  value: [{ index: 1, label: 'goldfish', score: 0.9 }],
  smoothed: [{ index: 2, label: 'shark', score: 0.6 }],
  unknownCauses: ['too_dark'],
  knownScore: 5.5,
  picture: {
    figures: { brightness: 12, contrast: 13, sharpness: 14, flatShare: 0.5, contentHash: 99 },
    unchangedNs: 15.2,
    problems: ['too_dark'],
  },
  timings: {
    queueWaitNs: 1.4,
    copyNs: 2,
    handoverNs: 3,
    decodeNs: 4,
    preprocessNs: 5,
    batchWaitNs: 5.5,
    inferenceNs: 6,
    postprocessNs: 7,
    deliveryNs: -8,
    totalNs: 9,
    delayNs: -10,
  },
  widthPx: 640,
  heightPx: 480,
  workerId: 2,
  generation: 3,
  batchSize: 4,
};

describe('frameReportMessage', () => {
  it('tells everything of a classified frame', () => {
    assert.deepEqual(frameReportMessage(classified, context), {
      header: { stamp: { sec: 5, nanosec: 6 }, frame_id: 'camera' },
      source: '/camera',
      sequence: 41n,
      drop_cause: '',
      drop_reason: '',
      results: [{ class_index: 1, label: 'goldfish', score: 0.9 }],
      smoothed_results: [{ class_index: 2, label: 'shark', score: 0.6 }],
      regions: [],
      unknown_causes: ['too_dark'],
      known_score: 5.5,
      has_picture_figures: true,
      brightness: 12,
      contrast: 13,
      sharpness: 14,
      flat_share: 0.5,
      unchanged_ns: 15n,
      picture_problems: ['too_dark'],
      width_px: 640,
      height_px: 480,
      region_left_px: 0,
      region_top_px: 0,
      region_width_px: 640,
      region_height_px: 480,
      worker_id: 2,
      generation: 3,
      batch_size: 4,
      backend: 'bpu_sim',
      is_simulated: true,
      queue_wait_ns: 1n,
      copy_ns: 2n,
      handover_ns: 3n,
      decode_ns: 4n,
      preprocess_ns: 5n,
      batch_wait_ns: 6n,
      inference_ns: 6n,
      postprocess_ns: 7n,
      delivery_ns: 0n,
      total_ns: 9n,
      has_delay: true,
      delay_ns: -10n,
    });
  });

  it('tells which part of the frame was classified', () => {
    const region = { leftPx: 10, topPx: 20, widthPx: 30, heightPx: 40 };
    const report = frameReportMessage({ ...classified, region }, context);
    const { region_left_px, region_top_px, region_width_px, region_height_px } = report;
    assert.deepEqual([region_left_px, region_top_px, region_width_px, region_height_px], [10, 20, 30, 40]);
    assert.equal(report.width_px, 640);
  });

  it('tells what became of each region', () => {
    const { value, kind: _, ...facts } = classified as Extract<typeof classified, { kind: 'result' }>;
    const error = new EffvitError('INFERENCE_FAILED', 'It failed.');
    const region = { leftPx: 1, topPx: 2, widthPx: 3, heightPx: 4 };
    const report = frameReportMessage(
      {
        ...facts,
        kind: 'regions',
        regions: [
          { kind: 'classified', region, value },
          { kind: 'unknown', cause: 'outside', smoothed: [{ index: 2, label: 'eel', score: 0.5 }] },
          { kind: 'unknown', cause: 'inference_failed', error },
        ],
      },
      { ...context, regionIds: ['7', '', 'car'] },
    );
    assert.deepEqual(report.results, []);
    const none = { left_px: 0, top_px: 0, width_px: 0, height_px: 0, results: [], smoothed_results: [] };
    const smoothed = [{ class_index: 2, label: 'eel', score: 0.5 }];
    assert.deepEqual(report.regions, [
      {
        id: '7',
        unknown_cause: '',
        unknown_reason: '',
        left_px: 1,
        top_px: 2,
        width_px: 3,
        height_px: 4,
        results: [{ class_index: 1, label: 'goldfish', score: 0.9 }],
        smoothed_results: [],
      },
      { id: '', unknown_cause: 'outside', unknown_reason: '', ...none, smoothed_results: smoothed },
      { id: 'car', unknown_cause: 'inference_failed', unknown_reason: 'It failed.', ...none },
    ]);
    new MessageEncoder('effvit/msg/FrameReport').encode(report);
  });

  it('tells why a frame was dropped', () => {
    const error = new EffvitError('BAD_IMAGE', 'The image is too short.');
    const report = frameReportMessage({ kind: 'dropped', header, cause: 'bad_image', error }, context);
    assert.equal(report.drop_cause, 'bad_image');
    assert.equal(report.drop_reason, 'The image is too short.');
    assert.deepEqual(report.results, []);
    assert.equal(report.worker_id, -1);
    assert.deepEqual([report.known_score, report.has_picture_figures], [Number.NaN, false]);
    assert.equal(report.total_ns, 0n);
    assert.equal(report.has_delay, false);
    assert.equal(frameReportMessage({ kind: 'dropped', header, cause: 'too_old' }, context).drop_reason, '');
  });

  it('has the fields of the message, in its order', () => {
    const report = frameReportMessage(classified, context);
    new MessageEncoder('effvit/msg/FrameReport').encode(report);
    new MessageEncoder('effvit/msg/FrameReport').encode(
      frameReportMessage({ kind: 'dropped', header, cause: 'queue_full' }, context),
    );
  });
});
