import assert from 'node:assert/strict';
import type { ClassifyOutcome } from '../../src/classify/Classifier.js';
import type { ClassifyRegionsOutcome } from '../../src/classify/RegionResult.js';
import { EffvitError } from '../../src/core/EffvitError.js';
import type { RawImageFrame } from '../../src/image/ImageFrame.js';
import { preprocessOptions } from '../../src/image/PreprocessOptions.js';
import type { DetectionsMessage } from '../../src/messages/detectionsMessage.js';
import { type ReplayFigures, ReplayReportCollector } from '../../src/report/replay/ReplayReportCollector.js';
import { replayPage } from '../../src/report/replay/replayPage.js';
import { FrameAccounting } from '../../src/stats/FrameAccounting.js';

const STAGE_NS = 1_500_000;
const NV12 = new Uint8Array((224 * 224 * 3) / 2).fill(128);

/** A frame with two results. */
export function result(index: number, camera: string, label: string): ClassifyOutcome {
  return {
    kind: 'result',
    header: { stamp: { sec: index, nanosec: 0 }, frameId: '', source: camera },
    value: [
      { index: 0, label, score: 0.9 },
      { index: 1, label: 'other', score: 0.1 },
    ],
    timings: {
      queueWaitNs: STAGE_NS,
      copyNs: 20_000,
      handoverNs: 50_000,
      decodeNs: 0,
      preprocessNs: 200_000,
      batchWaitNs: 0,
      inferenceNs: 6_340_000 + index,
      postprocessNs: 10_000,
      deliveryNs: 30_000,
      totalNs: 8_150_000 + index,
    },
    widthPx: 640,
    heightPx: 480,
    workerId: 0,
    generation: 0,
    batchSize: 1,
    nv12: NV12,
  };
}

/** A frame of two boxes, the second of which is UNKNOWN. */
export function regions(index: number, camera: string): ClassifyRegionsOutcome {
  const whole = result(index, camera, 'left');
  assert.ok(whole.kind === 'result');
  const { nv12: _, value, kind: __, ...rest } = whole;
  const region = { leftPx: 64, topPx: 48, widthPx: 320, heightPx: 240 };
  return {
    ...rest,
    kind: 'regions',
    regions: [
      { kind: 'classified', region, value },
      { kind: 'unknown', cause: 'outside' },
    ],
  };
}

const IMAGE: RawImageFrame = {
  kind: 'raw',
  stamp: { sec: 0, nanosec: 0 },
  frameId: '',
  source: '/front',
  encoding: 'mono8',
  widthPx: 640,
  heightPx: 480,
  strideBytes: 640,
  isBigEndian: false,
  data: new Uint8Array(640 * 480).fill(90),
};

function detected(count: number): DetectionsMessage {
  const header = { stamp: { sec: 0, nanosec: 0 }, frame_id: '' };
  const bbox = { center: { position: { x: 0, y: 0 }, theta: 0 }, size_x: 1, size_y: 1 };
  return { header, detections: many(count, (index) => ({ header, results: [], bbox, id: `box ${index}` })) };
}

/** A frame that could not be read. */
export function dropped(camera: string): ClassifyOutcome {
  return {
    kind: 'dropped',
    header: { stamp: { sec: 0, nanosec: 0 }, frameId: '', source: camera },
    cause: 'bad_image',
    error: new EffvitError('BAD_IMAGE', 'Expected 10 bytes but received 9.'),
  };
}

/** The page of a replay with these outcomes, one a second. */
export async function pageOf(
  outcomes: readonly (ClassifyOutcome | ClassifyRegionsOutcome)[],
  figures: Partial<ReplayFigures> = {},
): Promise<string> {
  const accounting = new FrameAccounting();
  const collector = new ReplayReportCollector(preprocessOptions());
  for (const [sequence, outcome] of outcomes.entries()) {
    accounting.receive();
    if (outcome.kind === 'dropped') accounting.drop(outcome.cause);
    else accounting.publish();
    const detections = outcome.kind === 'regions' ? detected(outcome.regions.length) : undefined;
    await collector.add(
      {
        sequence,
        logTimeNs: 1_000_000_000n * BigInt(sequence),
        outcome,
        ...(detections !== undefined && { detections }),
      },
      outcome.kind === 'regions' ? IMAGE : undefined,
    );
  }
  const report = await collector.report(
    accounting.counts(),
    { isSimulated: false },
    { title: `a <b>drive</b>`, command: 'effvit replay drive', facts: [['model', 'm']], fps: 10, ...figures },
  );
  return replayPage(report);
}

export const many = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => item(index));
