import type { WorkerThread } from './WorkerThread.js';

type Candidate = Pick<WorkerThread<unknown>, 'hasCapacity' | 'isGathering' | 'isIdle' | 'expectedFreeNs'>;

/**
 * The worker that takes the next frame: one whose coming task it can join; else an idle one, always the first of
 * them, so that at a low load the same caches stay warm; else a busy one that is expected to be free by `untilNs`, of
 * several the one that is free first, which finds the frame in its memory when it is done.
 *
 * @param untilNs by the pool's clock.
 */
export function chooseWorker<Worker extends Candidate>(
  workers: readonly Worker[],
  untilNs: number,
): Worker | undefined {
  let idle: Worker | undefined;
  let soonest: Worker | undefined;
  let soonestNs = untilNs;
  for (const worker of workers) {
    if (!worker.hasCapacity) continue;
    if (worker.isGathering) return worker;
    if (worker.isIdle) {
      idle ??= worker;
    } else if (worker.expectedFreeNs <= soonestNs) {
      soonest = worker;
      soonestNs = worker.expectedFreeNs;
    }
  }
  return idle ?? soonest;
}
