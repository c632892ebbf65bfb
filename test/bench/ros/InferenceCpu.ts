import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packagePath } from '../../../src/core/packageRoot.js';

/** Names the folder in which each thread that runs inference keeps its {@link InferenceTotals}. */
export const TOTALS_FOLDER_VARIABLE = 'EFFVIT_BENCH_INFERENCE_TOTALS';

export interface InferenceTotals {
  readonly runs: number;
  /** Processor time of the threads inside ONNX Runtime's run, milliseconds. */
  readonly cpuMs: number;
}

/**
 * What another process spends inside inference, and so what it spends outside: its ONNX Runtime is wrapped, in the
 * same way in Node.js and in Python, and reads the processor time of its thread before and after each run (some
 * microseconds). That holds for sessions of one thread; ONNX Runtime's own threads are not seen.
 */
export class InferenceCpu {
  readonly #folder: string;

  /** @param scratch a folder for the totals. */
  constructor(scratch: string) {
    this.#folder = mkdtempSync(join(scratch, 'totals-'));
  }

  /** For a process of Node.js. */
  nodeEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const hook = pathToFileURL(packagePath('build', 'test', 'bench', 'ros', 'countInferenceCpu.js')).href;
    const options = [env['NODE_OPTIONS'] ?? '', `--import=${hook}`].join(' ').trim();
    return { ...env, NODE_OPTIONS: options, [TOTALS_FOLDER_VARIABLE]: this.#folder };
  }

  /** For a Python script. */
  pythonCommand(script: string, env: NodeJS.ProcessEnv): { args: string[]; env: NodeJS.ProcessEnv } {
    return {
      args: [packagePath('test', 'bench', 'ros', 'count_inference_cpu.py'), script],
      env: { ...env, [TOTALS_FOLDER_VARIABLE]: this.#folder },
    };
  }

  /** Since the process began. */
  totals(): InferenceTotals {
    let runs = 0;
    let cpuMs = 0;
    for (const name of readdirSync(this.#folder)) {
      const bytes = readFileSync(join(this.#folder, name));
      // Empty until the first run.
      if (bytes.length < 16) continue;
      runs += bytes.readDoubleLE(0);
      cpuMs += bytes.readDoubleLE(8);
    }
    return { runs, cpuMs };
  }
}
