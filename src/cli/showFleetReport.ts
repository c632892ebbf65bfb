import { plainTable } from '../core/plainTable.js';
import { regionSentence } from '../fleet/fleetPage.js';
import type { FleetReport } from '../fleet/fleetReport.js';
import type { FleetStep } from '../fleet/replayFleet.js';
import type { Terminal } from './Terminal.js';

const ROWS_SHOWN = 20;
const PROBLEMS_SHOWN = 20;

/** Columns of every table with the key and the digits of their figures; the last two only with true classes. */
const FIGURES = [
  ['mean score', 'mean_score', 4],
  ['top-1 %', 'top1_percent', 2],
  ['top-5 %', 'top5_percent', 2],
] as const;

/** Name, a count, frames, and the row of the report with the further figures. */
type ShownRow = readonly [name: unknown, count: unknown, frames: unknown, row: object];

/**
 * One line for a processed bag.
 *
 * @param place `1/20`.
 * @param isShown whether one with results is shown, too.
 */
export function showFleetStep(
  { bag, kind, entry, result }: FleetStep,
  place: string,
  isShown: boolean,
  terminal: Terminal,
): void {
  if (kind === 'failed') {
    terminal.warn(`${place} ${bag.name}: ${entry.problem?.message.replaceAll('{bag}', bag.name)}`);
  } else if (isShown) {
    const frames = result?.cameras.reduce((sum, { published }) => sum + published, 0) ?? 0;
    const how =
      kind === 'kept'
        ? 'was done before'
        : `${entry.timing?.fps.toFixed(1)} frames/s, ${result?.warnings.length ?? 0} warnings`;
    terminal.line(`${place} ${bag.name}  ${frames} frames  ${terminal.dim(how)}`);
  }
}

/** The tables and counts of a merged report. */
export function showFleetReport(report: FleetReport, terminal: Terminal): void {
  const { bags, frames, accuracy, run } = report;
  const columns = accuracy === undefined ? FIGURES.slice(0, 1) : FIGURES;
  const table = (title: string, second: string, rows: readonly ShownRow[]): void => {
    if (rows.length === 0) return;
    const head = [title, second, 'frames', ...columns.map(([column]) => column)];
    const cells = rows
      .slice(0, ROWS_SHOWN)
      .map(([name, count, published, row]) => [
        ...[name, count, published].map(String),
        ...columns.map(([, key, digits]) => figure(row, key, digits)),
      ]);
    terminal.line(plainTable(head, cells));
  };
  terminal.line();
  const good = report.worst_first.filter(({ problem }) => problem === undefined);
  table(
    'bag, worst first',
    'dropped',
    good.map((row) => [row.name, row.received - row.published, row.published, row]),
  );
  const left = bags.done - Math.min(good.length, ROWS_SHOWN);
  if (good.length > 0 && left > 0) terminal.line(`... and ${left} more bags`);
  table(
    'camera',
    'bags',
    report.cameras.map((row) => [row['topic'], row['bags'], row['published'], row]),
  );
  table(
    'class',
    'bags',
    report.classes.map((row) => [row['label'], row['bags'], row['frames'], row]),
  );
  showDifferences(report, terminal);
  showProblems(
    report.worst_first.flatMap(({ problem }) => problem ?? []),
    terminal,
  );
  const dropped = Object.entries(frames.dropped).map(([cause, count]) => `, ${cause} ${count}`);
  terminal.line(`frames: received ${frames.received}, published ${frames.published}${dropped.join('')}`);
  if (frames.regions !== undefined) terminal.line(regionSentence(frames.regions));
  if (accuracy !== undefined) {
    terminal.line(
      `${run.model}: top-1 ${terminal.bold(`${accuracy.top1_percent} %`)}, top-5 ${accuracy.top5_percent} % of ${accuracy.frames} labelled frames`,
    );
  }
  const copies = bags.copies === 0 ? '' : ` (${bags.copies} of the same content as another)`;
  terminal.line(
    `bags: ${bags.named} named${copies}, ${bags.done} done, ${bags.failed} failed, ${bags.missing} missing${run.simulated ? ' (SIMULATED)' : ''}`,
  );
}

function showDifferences({ differences, worst_first: rows }: FleetReport, terminal: Terminal): void {
  if (differences === undefined) return;
  const differing = rows.filter((row) => row.first_difference !== undefined);
  for (const { name, differences: frames, first_difference: first } of differing.slice(0, PROBLEMS_SHOWN)) {
    terminal.line(terminal.red(`${name}: ${frames} frames differ, the first ${first}`));
  }
  terminal.line(
    differences.frames === 0
      ? terminal.green('as expected: every frame within the tolerance')
      : terminal.red(`not as expected: ${differences.frames} frames of ${differences.bags} bags differ`),
  );
}

function showProblems(problems: readonly string[], terminal: Terminal): void {
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) terminal.line(terminal.red(problem));
  const left = problems.length - PROBLEMS_SHOWN;
  if (left > 0) terminal.line(`... and ${left} more bags without a result`);
}

function figure(row: object, name: string, digits: number): string {
  const value = (row as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'number' ? value.toFixed(digits) : '';
}
