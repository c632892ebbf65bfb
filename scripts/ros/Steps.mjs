import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The name of the file that says a step is done; it lies in the folder that the step fills. */
const stampOf = (folder, name) => join(folder, '.done', name);

/** True when every named step of a folder was finished. */
export function isDone(folder, names) {
  return names.every((name) => existsSync(stampOf(folder, name)));
}

/**
 * Runs the steps of the set-up one after another, each at most once: a finished step leaves a stamp, so that a set-up
 * that was interrupted goes on where it stopped. Shows each step with its time.
 */
export class Steps {
  #number = 0;
  #total;
  #out;
  #now;

  constructor(total, { out = process.stderr, now = () => performance.now() } = {}) {
    this.#total = total;
    this.#out = out;
    this.#now = now;
  }

  /** How many steps did something (rather than being found done). */
  worked = 0;

  /**
   * @param folder the folder that the step fills (made when it is not there)
   * @param name the stamp's name, unique in the folder
   * @param title what a person reads
   * @param work an async function; what it throws leaves the step undone
   */
  async run(folder, name, title, work) {
    this.#number += 1;
    const stamp = stampOf(folder, name);
    if (existsSync(stamp)) return;
    const startedMs = this.#now();
    const label = `[${this.#number}/${this.#total}] ${title}`;
    const seconds = () => `${((this.#now() - startedMs) / 1000).toFixed(1)} s`;
    const live = this.#out.isTTY === true;
    this.#out.write(live ? `${label} ...` : `${label} ...\n`);
    const ticker = live
      ? setInterval(() => this.#out.write(`\r\u001b[2K${label} ... ${seconds()}`), 1000)
      : undefined;
    try {
      mkdirSync(join(folder, '.done'), { recursive: true });
      await work();
      writeFileSync(stamp, `${new Date().toISOString()}\n`);
      this.worked += 1;
    } catch (error) {
      rmSync(stamp, { force: true });
      this.#out.write(
        live ? `\r\u001b[2K${label}: failed after ${seconds()}\n` : `    failed after ${seconds()}\n`,
      );
      throw error;
    } finally {
      clearInterval(ticker);
    }
    this.#out.write(live ? `\r\u001b[2K${label}: ${seconds()}\n` : `    ${seconds()}\n`);
  }
}
