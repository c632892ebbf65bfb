import { parentPort, workerData } from 'node:worker_threads';
import { loadRuntime } from '../../src/inference/onnx/loadRuntime.js';

/** What the pool is compared with: one thread, one session, the same tensor again and again, nothing else. */
export interface BareStart {
  readonly optimizedPath: string;
}

const { optimizedPath }: BareStart = workerData;
const ort = loadRuntime();
const session = await ort.InferenceSession.create(optimizedPath, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'disabled',
  logSeverityLevel: 4,
  extra: { session: { use_memory_mapped_ort_model: '1', use_ort_model_bytes_for_initializers: '1' } },
});
const [inputName = ''] = session.inputNames;
const feeds = { [inputName]: new ort.Tensor('float32', new Float32Array(3 * 224 * 224), [1, 3, 224, 224]) };
await session.run(feeds);
parentPort?.postMessage(0);
parentPort?.on('message', async (durationMs: number) => {
  const endMs = performance.now() + durationMs;
  let runs = 0;
  while (performance.now() < endMs) {
    await session.run(feeds);
    runs += 1;
  }
  parentPort?.postMessage(runs);
});
