import type { ClassifyOutcome } from '../../src/classify/Classifier.js';
import { EffvitError } from '../../src/core/EffvitError.js';
import { preprocessOptions } from '../../src/image/PreprocessOptions.js';
import { ReplayReportCollector } from '../../src/report/replay/ReplayReportCollector.js';
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
export async function pageOf(outcomes: readonly ClassifyOutcome[]): Promise<string> {
  const accounting = new FrameAccounting();
  const collector = new ReplayReportCollector(preprocessOptions());
  for (const [sequence, outcome] of outcomes.entries()) {
    accounting.receive();
    if (outcome.kind === 'result') accounting.publish();
    else accounting.drop(outcome.cause);
    await collector.add({ sequence, logTimeNs: 1_000_000_000n * BigInt(sequence), outcome });
  }
  const report = await collector.report(
    {
      counts: () => accounting.counts(),
      info: { isSimulated: false } as Parameters<ReplayReportCollector['report']>[0]['info'],
    },
    { title: `a <b>drive</b>`, command: 'effvit replay drive', facts: [['model', 'm']], fps: 10 },
  );
  return replayPage(report);
}

export const many = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => item(index));
