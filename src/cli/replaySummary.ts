import type { UnmatchedView } from '../classify/DetectionPairing.js';
import type { Difference, FrameResults } from '../classify/expectedResults.js';
import type { SourceChanges } from '../classify/smoothing/ClassChanges.js';
import { plainTable } from '../core/plainTable.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import type { RegionCounts } from '../pool/RegionOutcome.js';
import { type FrameCounts, totalDropped } from '../stats/FrameAccounting.js';
import { STAGES, type Stage, type StageSummaries } from '../stats/StageStatistics.js';
import type { Terminal } from './Terminal.js';

/** The final figures of a replay. */
export interface ReplaySummary {
  readonly counts: FrameCounts;
  readonly stages: StageSummaries;
  readonly fps: number;
  readonly model: string;
  readonly info: LoadedModelInfo;
  readonly threads: number;
  /** In the order of the recording. */
  readonly results: readonly FrameResults[];
  /** With smoothing. */
  readonly changes: ReadonlyMap<string, SourceChanges> | undefined;
  /** Where boxes of detectors are classified. */
  readonly regions: RegionFigures | undefined;
  /** Where simulated times come from; undefined for real ones. */
  readonly times: string | undefined;
  /** Absolute path of the written results. */
  readonly output: string | undefined;
}

/** What became of the boxes of detectors, and of frames and detections without a counterpart. */
export interface RegionFigures {
  readonly counts: RegionCounts;
  readonly unmatched: UnmatchedView;
}

const DIFFERENCES_SHOWN = 20;

/** The other stages have their own names. */
const STAGE_TITLES: Readonly<Partial<Record<Stage, string>>> = {
  queueWait: 'queue wait',
  batchWait: 'batch wait',
  delivery: 'delivery in order',
  delay: 'delay from stamp',
};

/**
 * Shows the tables and counts at the end of a replay.
 *
 * @param report path of the written page.
 * @param differences from expected results; undefined if there are none to compare with.
 */
export function showReplay(
  summary: ReplaySummary,
  report: string | undefined,
  differences: readonly Difference[] | undefined,
  terminal: Terminal,
): void {
  const { counts, fps, info, times, changes, output } = summary;
  terminal.line();
  if (counts.published > 0) terminal.line(stageTable(summary.stages));
  for (const line of countLines(summary)) terminal.line(line);
  terminal.line(`fps: ${terminal.bold(fps.toFixed(1))}${info.isSimulated ? ' (SIMULATED)' : ''}`);
  if (times !== undefined) terminal.line(`times: ${times}`);
  if (changes !== undefined) terminal.line(changesTable(changes));
  if (output !== undefined) terminal.line(`results written to ${output}`);
  if (report !== undefined) terminal.line(`report written to ${report}`);
  if (differences !== undefined) showDifferences(differences, terminal);
}

function showDifferences(differences: readonly Difference[], terminal: Terminal): void {
  if (differences.length === 0) {
    terminal.line(terminal.green('as expected: every frame within the tolerance'));
    return;
  }
  terminal.line(terminal.red(`not as expected: ${differences.length} frames differ`));
  for (const { topic, stamp, reason } of differences.slice(0, DIFFERENCES_SHOWN)) {
    terminal.line(`  ${topic} ${stamp[0]}.${String(stamp[1]).padStart(9, '0')}: ${reason}`);
  }
  const left = differences.length - DIFFERENCES_SHOWN;
  if (left > 0) terminal.line(`  ... and ${left} more (all of them with --json)`);
}

/** The `--json` form of a replay. */
export function replayJson(
  summary: ReplaySummary,
  differences: readonly Difference[] | undefined,
  hasResults: boolean,
): Record<string, unknown> {
  const { counts, fps, info, model, threads, times, output, regions, changes, stages, results } = summary;
  const { received, published, dropped } = counts;
  return {
    frames: { received, published, dropped: occurred(dropped) },
    fps: Math.round(fps * 100) / 100,
    latency_ms: stageJson(stages),
    model,
    backend: info.backend,
    simulated: info.isSimulated,
    threads,
    times,
    output,
    ...(regions !== undefined && regionsJson(regions)),
    class_changes: changes && changesJson(changes),
    differences,
    results: hasResults ? results : undefined,
  };
}

/** Milliseconds with three decimals: a preprocess of 0.1 ms must not show as 0. */
export function milliseconds(valueNs: number): string {
  return (valueNs / 1e6).toFixed(3);
}

const measuredStages = (stages: StageSummaries): Stage[] => STAGES.filter((stage) => stages[stage].count > 0);

/** Latencies per stage; stages without samples are left out. */
function stageTable(stages: StageSummaries): string {
  const rows = measuredStages(stages).map((stage) => {
    const { count, p50Ns, p95Ns, p99Ns, maxNs } = stages[stage];
    return [STAGE_TITLES[stage] ?? stage, String(count), ...[p50Ns, p95Ns, p99Ns, maxNs].map(milliseconds)];
  });
  return plainTable(['stage', 'frames', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'], rows);
}

function stageJson(stages: StageSummaries): Record<string, Record<string, number>> {
  const ms = (valueNs: number): number => Math.round(valueNs / 1e3) / 1e3;
  return Object.fromEntries(
    measuredStages(stages).map((stage) => {
      const { p50Ns, p95Ns, p99Ns, maxNs } = stages[stage];
      return [stage, { p50: ms(p50Ns), p95: ms(p95Ns), p99: ms(p99Ns), max: ms(maxNs) }];
    }),
  );
}

/** The counts that are not 0. */
function occurred(counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

const causesOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(occurred(counts))
    .map(([cause, count]) => `${cause} ${count}`)
    .join(', ');

/** What became of frames and regions, with the causes that occurred. */
function countLines({ counts, regions }: ReplaySummary): string[] {
  const total = (count: number, causes: string): string =>
    causes === '' ? `${count}` : `${count} (${causes})`;
  const dropped = total(totalDropped(counts), causesOf(counts.dropped));
  const inFlight = counts.inFlight > 0 ? `, in flight ${counts.inFlight}` : '';
  const frames = `frames: received ${counts.received}, published ${counts.published}, dropped ${dropped}${inFlight}`;
  if (regions === undefined) return [frames];
  const { received, classified, unknown } = regions.counts;
  const why = total(received - classified, causesOf(unknown));
  const unmatched = (['frames', 'detections'] as const)
    .map((side) => [side, causesOf(regions.unmatched[side])])
    .filter(([, causes]) => causes !== '');
  return [
    frames,
    `regions: received ${received}, classified ${classified}, unknown ${why}`,
    ...unmatched.map(([side, causes]) => `unmatched ${side}: ${causes}`),
  ];
}

function regionsJson({ counts, unmatched }: RegionFigures): Record<string, unknown> {
  return {
    regions: { ...counts, unknown: occurred(counts.unknown) },
    unmatched_frames: occurred(unmatched.frames),
    unmatched_detections: occurred(unmatched.detections),
  };
}

/** The counts of regions for the HTML report. */
export function regionCountPairs({ counts, unmatched }: RegionFigures): [string, number][] {
  const named = (name: string, causes: Readonly<Record<string, number>>): [string, number][] =>
    Object.entries(occurred(causes)).map(([cause, count]) => [`${name}, ${cause}`, count]);
  return [
    ['regions classified', counts.classified],
    ...named('regions UNKNOWN', counts.unknown),
    ...named('frames unmatched', unmatched.frames),
    ...named('detections unmatched', unmatched.detections),
  ];
}

function changesTable(changes: ReadonlyMap<string, SourceChanges>): string {
  return plainTable(
    ['changes of the class', 'raw', 'a minute', 'smoothed', 'a minute'],
    [...changes].map(([source, { raw, smoothed }]) => [
      source,
      ...[raw, smoothed].flatMap(({ changes: count, perMinute }) => [String(count), perMinute.toFixed(1)]),
    ]),
  );
}

function changesJson(changes: ReadonlyMap<string, SourceChanges>): Record<string, unknown> {
  return Object.fromEntries(
    [...changes].map(([source, { raw, smoothed }]) => [
      source,
      {
        raw: raw.changes,
        raw_per_minute: raw.perMinute,
        smoothed: smoothed.changes,
        smoothed_per_minute: smoothed.perMinute,
      },
    ]),
  );
}
