// A thread that is woken as the pool's workers are, sleeps as long as a frame takes, and answers as they do: the floor
// of what any hand-over between two threads costs on a machine.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { monotonicNs } from '../../src/stats/monotonicNs.js';

const WAKE = 0;
const SLEEP = 1;

interface BareStart {
  readonly words: Int32Array;
  /** When the thread had woken, and when it answered. */
  readonly times: Float64Array;
  readonly sleepMs: number;
}

export interface BareWakes {
  /** From Atomics.notify until the sleeping thread runs; median. */
  readonly threadUs: number;
  /** From postMessage until the sleeping main thread has it; median. */
  readonly messageUs: number;
}

/** Runs `rounds` hand-overs there and back, the two threads asleep for `sleepMs` in between. */
export async function measureBareWakes(sleepMs: number, rounds: number): Promise<BareWakes> {
  const words = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const times = new Float64Array(new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT));
  const start: BareStart = { words, times, sleepMs };
  const worker = new Worker(new URL(import.meta.url), { workerData: start });
  const answer = () => new Promise<number>((resolve) => worker.once('message', () => resolve(monotonicNs())));
  const threadUs: number[] = [];
  const messageUs: number[] = [];
  try {
    await answer();
    for (let round = 0; round < rounds; round++) {
      const answered = answer();
      const wokenNs = monotonicNs();
      Atomics.add(words, WAKE, 1);
      Atomics.notify(words, WAKE);
      const gotNs = await answered;
      threadUs.push(((times[0] ?? 0) - wokenNs) / 1e3);
      messageUs.push((gotNs - (times[1] ?? 0)) / 1e3);
    }
  } finally {
    await worker.terminate();
  }
  const middle = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  return { threadUs: middle(threadUs), messageUs: middle(messageUs) };
}

function answerForever({ words, times, sleepMs }: BareStart): void {
  parentPort?.postMessage(0);
  for (let seen = 0; ; seen++) {
    Atomics.wait(words, WAKE, seen);
    times[0] = monotonicNs();
    Atomics.wait(words, SLEEP, 0, sleepMs);
    times[1] = monotonicNs();
    parentPort?.postMessage(0);
  }
}

if (!isMainThread) answerForever(workerData as BareStart);
