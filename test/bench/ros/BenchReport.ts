import { writeFileSync } from 'node:fs';
import Table from 'cli-table3';
import { median } from '../median.js';
import { lossesOf, type Run } from './Run.js';

/** What is to be reached, and what was. */
export interface Goal {
  readonly what: string;
  readonly measured: number;
  readonly aim: number;
  readonly isAtMost: boolean;
}

const COLUMNS = [
  'results/s',
  'of sent',
  'CPU ms a result',
  'main',
  'dds',
  'others',
  'outside',
  'p50 ms',
  'p99 ms',
  'right',
  'lost',
] as const;

/** Collects what a bench measures: prints a table for each comparison, and keeps everything for a file of JSON. */
export class BenchReport {
  readonly #machine: object;
  readonly #comparisons: object[] = [];
  readonly #goals: Goal[] = [];

  constructor(machine: object) {
    this.#machine = machine;
  }

  /** Medians of each contender's rounds. */
  compare(title: string, contenders: Readonly<Record<string, readonly Run[]>>): void {
    const table = new Table({ head: ['', ...COLUMNS], style: { head: [], border: [] } });
    for (const [name, runs] of Object.entries(contenders)) {
      const mid = (of: (run: Run) => number, digits = 2): string => {
        const value = median(runs.map(of));
        return Number.isFinite(value) ? value.toFixed(digits) : '';
      };
      const last = runs.at(-1);
      table.push([
        name,
        mid((run) => run.resultsPerSecond, 1),
        mid((run) => run.sent, 0),
        mid((run) => run.cpuMsPerResult),
        mid((run) => run.mainCpuMsPerResult, 3),
        mid((run) => run.middlewareCpuMsPerResult, 3),
        mid((run) => run.othersCpuMsPerResult, 3),
        mid((run) => run.outsideCpuMsPerResult),
        mid((run) => run.p50Ms),
        mid((run) => run.p99Ms),
        mid((run) => 100 * run.rightShare, 1),
        last?.statistics === undefined ? '' : lossesOf(last),
      ]);
    }
    console.log(`\n${title}`);
    console.log(table.toString());
    const withoutFrames = Object.entries(contenders).map(([name, runs]) => [
      name,
      runs.map(({ frames, ...run }) => run),
    ]);
    this.#comparisons.push({ title, contenders: Object.fromEntries(withoutFrames) });
  }

  note(text: string): void {
    console.log(`   ${text}`);
    this.#comparisons.push({ note: text });
  }

  goal(goal: Goal): void {
    this.#goals.push(goal);
  }

  /** Prints what was to be reached. @param file for everything, as JSON. */
  end(file: string | undefined): void {
    if (this.#goals.length > 0) {
      const table = new Table({ head: ['what', 'measured', 'aim', ''], style: { head: [], border: [] } });
      for (const { what, measured, aim, isAtMost } of this.#goals) {
        const isReached = isAtMost ? measured <= aim : measured >= aim;
        const aimText = `${isAtMost ? 'at most' : 'at least'} ${aim}`;
        table.push([what, measured.toFixed(2), aimText, isReached ? 'reached' : 'not reached']);
      }
      console.log(`\n${table.toString()}`);
    }
    if (file === undefined) return;
    const all = { machine: this.#machine, comparisons: this.#comparisons, goals: this.#goals };
    writeFileSync(file, `${JSON.stringify(all, null, 1)}\n`);
  }
}
