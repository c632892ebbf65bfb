import { plainTable } from '../core/plainTable.js';
import { DROP_CAUSES, type FrameCounts, totalDropped } from '../stats/FrameAccounting.js';
import { STAGES, type StageSummaries } from '../stats/StageStatistics.js';

const STAGE_TITLES: Readonly<Record<(typeof STAGES)[number], string>> = {
  queueWait: 'queue wait',
  copy: 'copy',
  handover: 'handover',
  decode: 'decode',
  preprocess: 'preprocess',
  batchWait: 'batch wait',
  inference: 'inference',
  postprocess: 'postprocess',
  delivery: 'delivery in order',
  total: 'total',
  delay: 'delay from stamp',
};

/** Milliseconds with three decimals: a preprocess of 0.1 ms must not show as 0. */
export function milliseconds(valueNs: number): string {
  return (valueNs / 1e6).toFixed(3);
}

/** Latencies per stage: p50, p95, p99 and max in milliseconds; stages without samples are left out. */
export function stageTable(stages: StageSummaries): string {
  const rows = STAGES.filter((stage) => stages[stage].count > 0).map((stage) => {
    const { count, p50Ns, p95Ns, p99Ns, maxNs } = stages[stage];
    return [STAGE_TITLES[stage], String(count), ...[p50Ns, p95Ns, p99Ns, maxNs].map(milliseconds)];
  });
  return plainTable(['stage', 'frames', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'], rows);
}

/** One line: received, published, in flight, dropped with the causes that occurred. */
export function countsLine(counts: FrameCounts): string {
  const dropped = totalDropped(counts);
  const causes = DROP_CAUSES.filter((cause) => counts.dropped[cause] > 0).map(
    (cause) => `${cause} ${counts.dropped[cause]}`,
  );
  const inFlight = counts.inFlight > 0 ? `, in flight ${counts.inFlight}` : '';
  return `frames: received ${counts.received}, published ${counts.published}, dropped ${dropped}${
    causes.length > 0 ? ` (${causes.join(', ')})` : ''
  }${inFlight}`;
}

/** p50, p95, p99 and max in milliseconds, by stage: the form of `--json`. */
export function stageJson(stages: StageSummaries): Record<string, Record<string, number>> {
  const ms = (valueNs: number): number => Math.round(valueNs / 1e3) / 1e3;
  return Object.fromEntries(
    STAGES.filter((stage) => stages[stage].count > 0).map((stage) => {
      const { p50Ns, p95Ns, p99Ns, maxNs } = stages[stage];
      return [stage, { p50: ms(p50Ns), p95: ms(p95Ns), p99: ms(p99Ns), max: ms(maxNs) }];
    }),
  );
}

/** Drops by cause, those that occurred. */
export function droppedJson(counts: FrameCounts): Record<string, number> {
  return Object.fromEntries(
    DROP_CAUSES.filter((cause) => counts.dropped[cause] > 0).map((cause) => [cause, counts.dropped[cause]]),
  );
}
