import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packagePath } from '../../../src/core/packageRoot.js';
import { waitFor } from '../../helpers/RosPeer.js';

export const LOOP_DELAY_FILE_VARIABLE = 'EFFVIT_BENCH_LOOP_DELAY';
/** Of the timer that sees the delay: a hundred looks a second, for a few percent of a core. */
export const LOOP_DELAY_PERIOD_MS = 10;

/** How late the event loop of another process of Node.js comes; its own figure has twenty looks a second. */
export class LoopDelay {
  readonly #file: string;

  /** @param scratch a folder for the figure. */
  constructor(scratch: string) {
    this.#file = join(mkdtempSync(join(scratch, 'loop-')), 'p99');
  }

  nodeEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const hook = pathToFileURL(packagePath('build', 'test', 'bench', 'ros', 'watchLoopDelay.js')).href;
    const options = [env['NODE_OPTIONS'] ?? '', `--import=${hook}`].join(' ').trim();
    return { ...env, NODE_OPTIONS: options, [LOOP_DELAY_FILE_VARIABLE]: this.#file };
  }

  /** The 99th percentile since the last call, or since the process began. */
  async takeP99Ms(pid: number): Promise<number> {
    rmSync(this.#file, { force: true });
    process.kill(pid, 'SIGUSR2');
    let p99Ms = Number.NaN;
    await waitFor(async () => {
      p99Ms = Number.parseFloat(readText(this.#file));
      return Number.isFinite(p99Ms);
    }, 'the event loop');
    return Math.max(p99Ms, 0);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
