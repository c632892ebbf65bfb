import { plainTable } from '../core/plainTable.js';
import type { FleetRow } from '../fleet/FleetRow.js';
import { regionSentence } from '../fleet/fleetPage.js';
import type { FleetReport } from '../fleet/fleetReport.js';
import type { FleetStep } from '../fleet/replayFleet.js';
import type { Terminal } from './Terminal.js';

const ROWS_SHOWN = 20;
const PROBLEMS_SHOWN = 20;
const SHOWN_PERCENT_DIGITS = 2;

/** Text output of a replay of many bags, while it runs and at its end. */
export class FleetView {
  readonly #terminal: Terminal;
  readonly #total: number;
  #count = 0;
  #failed = 0;

  /** @param total number of bags to process. */
  constructor(terminal: Terminal, total: number) {
    this.#terminal = terminal;
    this.#total = total;
  }

  get failed(): number {
    return this.#failed;
  }

  /** One line per bag. */
  showStep({ bag, kind, entry, result }: FleetStep, isShown: boolean): void {
    this.#count += 1;
    if (kind === 'failed') this.#failed += 1;
    const place = `${this.#count}/${this.#total} ${bag.name}`;
    if (kind === 'failed') {
      this.#terminal.warn(`${place}: ${entry.problem?.message.replaceAll('{bag}', bag.name)}`);
    } else if (isShown) {
      const frames = result?.cameras.reduce((sum, { published }) => sum + published, 0) ?? 0;
      const how =
        kind === 'kept'
          ? 'was done before'
          : `${entry.timing?.fps.toFixed(1)} frames/s, ${result?.warnings.length ?? 0} warnings`;
      this.#terminal.line(`${place}  ${frames} frames  ${this.#terminal.dim(how)}`);
    }
    this.#terminal.progress('replaying', this.#count, this.#total);
  }

  showReport(report: FleetReport): void {
    const terminal = this.#terminal;
    const { bags, frames, accuracy, run } = report;
    const isJudged = accuracy !== undefined;
    const head = (name: string, second: string): string[] => [
      name,
      second,
      'frames',
      'mean score',
      ...(isJudged ? ['top-1 %', 'top-5 %'] : []),
    ];
    const cells = (name: string, second: unknown, count: unknown, row: object): string[] => [
      name,
      String(second),
      String(count),
      figure(row, 'mean_score', 4),
      ...(isJudged
        ? [
            figure(row, 'top1_percent', SHOWN_PERCENT_DIGITS),
            figure(row, 'top5_percent', SHOWN_PERCENT_DIGITS),
          ]
        : []),
    ];
    terminal.line();
    const good = report.worst_first.filter(({ problem }) => problem === undefined);
    if (good.length > 0) {
      const rows = good
        .slice(0, ROWS_SHOWN)
        .map((row) => cells(row.name, row.received - row.published, row.published, row));
      terminal.line(plainTable(head('bag, worst first', 'dropped'), rows));
      const left = bags.done - rows.length;
      if (left > 0) terminal.line(`... and ${left} more bags`);
    }
    for (const { title, key, list } of [
      { title: 'camera', key: 'topic', list: report.cameras },
      { title: 'class', key: 'label', list: report.classes },
    ]) {
      if (list.length === 0) continue;
      const rows = list
        .slice(0, ROWS_SHOWN)
        .map((row) => cells(String(row[key]), row['bags'], row['published'] ?? row['frames'], row));
      terminal.line(plainTable(head(title, 'bags'), rows));
    }
    this.#showDifferences(report);
    this.#showProblems(report.worst_first.filter(({ problem }) => problem !== undefined));
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

  #showDifferences({ differences, worst_first: rows }: FleetReport): void {
    if (differences === undefined) return;
    const terminal = this.#terminal;
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

  #showProblems(rows: readonly FleetRow[]): void {
    for (const { problem = '' } of rows.slice(0, PROBLEMS_SHOWN)) {
      this.#terminal.line(this.#terminal.red(problem));
    }
    if (rows.length > PROBLEMS_SHOWN) {
      this.#terminal.line(`... and ${rows.length - PROBLEMS_SHOWN} more bags without a result`);
    }
  }
}

function figure(row: object, name: string, digits: number): string {
  const value = (row as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'number' ? value.toFixed(digits) : '';
}
