import { Worker } from 'node:worker_threads';
import { optimizedModel } from '../../src/inference/onnx/optimizedModel.js';
import type { BareStart } from './bareSession.js';

/** So many frames in a while. */
export interface Round {
  readonly fps: number;
  /** Processor time of the whole process, divided by the frames. */
  readonly cpuMsPerFrame: number;
}

/** Of the frames since `startMs` of performance.now(), when the process had used `cpuBefore`. */
export function roundSince(startMs: number, cpuBefore: NodeJS.CpuUsage, frames: number): Round {
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    fps: (frames * 1000) / (performance.now() - startMs),
    cpuMsPerFrame: (user + system) / 1000 / frames,
  };
}

/** As many bare one-thread ONNX Runtime sessions as wanted, all busy at once: inference and nothing else. */
export class BareSessions {
  readonly #workers: readonly Worker[];

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers;
  }

  /** @throws Error where the model cannot be optimised. */
  static async start(modelPath: string, count: number): Promise<BareSessions> {
    const optimizedPath = await optimizedModel(modelPath);
    if (optimizedPath === undefined) throw new Error(`${modelPath} could not be optimised`);
    const workerData: BareStart = { optimizedPath };
    const workers = Array.from(
      { length: count },
      () => new Worker(new URL('./bareSession.js', import.meta.url), { workerData }),
    );
    await Promise.all(workers.map(answerOf));
    return new BareSessions(workers);
  }

  async round(durationMs: number): Promise<Round> {
    const startMs = performance.now();
    const before = process.cpuUsage();
    const answers = this.#workers.map(answerOf);
    for (const worker of this.#workers) worker.postMessage(durationMs);
    const runs = (await Promise.all(answers)).reduce((sum, each) => sum + each, 0);
    return roundSince(startMs, before, runs);
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function answerOf(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.removeAllListeners('error').once('error', reject);
  });
}
