import { EvaluationTally } from '../classify/EvaluationTally.js';
import { BAG_PLACE, type BagResult, SCORE_UNITS } from './BagResult.js';
import { compareTexts } from './FleetBag.js';
import type { BagEntry } from './FleetFolder.js';
import { totalOf } from './FleetTotals.js';

/** One camera of a bag, in the report. */
export interface RowCamera {
  readonly topic: string;
  readonly received: number;
  readonly published: number;
  /** The class of most frames. */
  readonly most_frequent?: string;
  readonly mean_score?: number;
}

/** One bag in the report. */
export interface FleetRow {
  readonly name: string;
  /** Why it has no result, in one sentence. */
  readonly problem?: string;
  readonly code?: string;
  /** The key of its content and truth. */
  readonly key?: string;
  /** The first bag of the report with the same content. */
  readonly copy_of?: string;
  readonly duration_s: number;
  readonly received: number;
  readonly published: number;
  readonly dropped: number;
  /** Mean score of the best class of each frame. */
  readonly mean_score?: number;
  readonly top1_percent?: number;
  readonly top5_percent?: number;
  readonly judged?: number;
  /** Frames that differ from the expected results, and the first of them. */
  readonly differences?: number;
  readonly first_difference?: string;
  readonly frames_sha256?: string;
  readonly cameras: readonly RowCamera[];
  readonly warnings: readonly string[];
}

/** The code of a bag that was not processed yet. */
export const MISSING = 'MISSING';

/** @param entry undefined if the bag has none. */
export function fleetRow(
  name: string,
  entry: BagEntry | undefined,
  result: BagResult | undefined,
  labels: readonly string[] = [],
): FleetRow {
  const none = { name, duration_s: 0, received: 0, published: 0, dropped: 0, cameras: [], warnings: [] };
  const said = (text: string): string => text.replaceAll(BAG_PLACE, name);
  if (entry?.problem !== undefined) {
    return { ...none, problem: said(entry.problem.message), code: entry.problem.code };
  }
  if (result === undefined) {
    return { ...none, problem: `${name} has not been replayed yet.`, code: MISSING };
  }
  const total = (pick: (camera: BagResult['cameras'][number]) => number): number =>
    result.cameras.reduce((sum, camera) => sum + pick(camera), 0);
  const received = total((camera) => camera.received);
  const published = total((camera) => camera.published);
  const scoreSum = total(({ classes }) => totalOf(classes, ({ scoreSum: sum }) => sum));
  const named = total(({ classes }) => totalOf(classes, ({ frames }) => frames));
  const tally = new EvaluationTally(labels);
  for (const { accuracy } of result.cameras) if (accuracy !== undefined) tally.addCounts(accuracy);
  const judged = tally.report();
  return {
    name,
    ...(published === 0 && {
      problem: `${name} gave no result: ${received} frames were received and ${received} dropped.`,
      code: 'BAD_BAG',
    }),
    key: result.bag,
    duration_s: result.durationMs / 1000,
    received,
    published,
    dropped: received - published,
    ...(named > 0 && { mean_score: meanScore(scoreSum, named) }),
    ...(judged.pictures > 0 && {
      top1_percent: rounded(judged.top1Percent, 3),
      top5_percent: rounded(judged.top5Percent, 3),
      judged: judged.pictures,
    }),
    ...differenceOf(result),
    frames_sha256: result.framesSha256,
    cameras: result.cameras.map(rowCamera),
    warnings: result.warnings.map(said),
  };
}

function differenceOf({ differences }: BagResult): Pick<FleetRow, 'differences' | 'first_difference'> {
  if (differences === undefined) return {};
  const [first] = differences.first;
  if (first === undefined) return { differences: 0 };
  const [sec, nanosec] = first.stamp;
  const when = `${sec}.${String(nanosec).padStart(9, '0')}`;
  return { differences: differences.frames, first_difference: `${first.topic} ${when}: ${first.reason}` };
}

function rowCamera({ topic, received, published, classes }: BagResult['cameras'][number]): RowCamera {
  const named = totalOf(classes, ({ frames }) => frames);
  const [most] = [...classes].sort((a, b) => b.frames - a.frames || a.index - b.index);
  return {
    topic,
    received,
    published,
    ...(most !== undefined && {
      most_frequent: most.label,
      mean_score: meanScore(
        totalOf(classes, ({ scoreSum }) => scoreSum),
        named,
      ),
    }),
  };
}

/**
 * Worst first: bags without a result, then by the number of frames that differ from the expected results, by top-1 if
 * known, by the share of frames with a result, by the mean of the best scores, and by name.
 */
export function compareRows(a: FleetRow, b: FleetRow): number {
  return (
    Number(a.problem === undefined) - Number(b.problem === undefined) ||
    (b.differences ?? 0) - (a.differences ?? 0) ||
    (a.top1_percent ?? 101) - (b.top1_percent ?? 101) ||
    share(a) - share(b) ||
    (a.mean_score ?? 0) - (b.mean_score ?? 0) ||
    compareTexts(a.name, b.name)
  );
}

function share({ published, received }: FleetRow): number {
  return received === 0 ? 0 : published / received;
}

export function meanScore(scoreSum: number, frames: number): number {
  return rounded(scoreSum / SCORE_UNITS / frames, 4);
}

export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
