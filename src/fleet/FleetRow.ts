import { BAG_PLACE, type BagResult } from './BagResult.js';
import { CameraCounts, meanScore, mostFrequent } from './CameraCounts.js';
import { compareTexts } from './FleetBag.js';
import type { BagEntry } from './FleetFolder.js';
import { percentsJson } from './FleetTotals.js';

/** One bag in the report. */
export interface FleetRow {
  readonly name: string;
  /** Why it has no result, in one sentence. */
  readonly problem?: string | undefined;
  readonly code?: string | undefined;
  /** The key of its content and truth. */
  readonly key?: string | undefined;
  /** The first bag of the report with the same content. */
  readonly copy_of?: string | undefined;
  readonly duration_s: number;
  readonly received: number;
  readonly published: number;
  readonly dropped: number;
  /** Mean score of the best class of each frame. */
  readonly mean_score?: number | undefined;
  readonly top1_percent?: number | undefined;
  readonly top5_percent?: number | undefined;
  readonly judged?: number | undefined;
  /** Frames that differ from the expected results, and the first of them. */
  readonly differences?: number | undefined;
  readonly first_difference?: string | undefined;
  readonly frames_sha256?: string | undefined;
  readonly cameras: readonly {
    readonly topic: string;
    readonly received: number;
    readonly published: number;
    /** The class of most frames. */
    readonly most_frequent?: string | undefined;
    readonly mean_score?: number | undefined;
  }[];
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
  const counts = new CameraCounts(labels);
  for (const camera of result.cameras) counts.add(camera);
  const { received, published } = counts;
  const accuracy = counts.accuracy();
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
    mean_score: meanScore(result.cameras.flatMap(({ classes }) => classes)),
    ...(accuracy && percentsJson(accuracy)),
    judged: accuracy?.pictures,
    ...differenceOf(result),
    frames_sha256: result.framesSha256,
    cameras: result.cameras.map((camera) => ({
      topic: camera.topic,
      received: camera.received,
      published: camera.published,
      most_frequent: mostFrequent(camera.classes)[0]?.label,
      mean_score: meanScore(camera.classes),
    })),
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
