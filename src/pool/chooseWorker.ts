import type { HeldFrames } from './HeldFrames.js';

interface Candidate {
  readonly held: Pick<HeldFrames<unknown>, 'hasCapacity' | 'isGathering' | 'isEmpty' | 'expectedFreeNs'>;
}

/**
 * Chooses the worker for the next frame. First choice: a worker whose next task the frame can join. Second: the first
 * idle worker, so that at low load the same caches stay warm. Third: the busy worker that is expected to be free
 * first, if that is by `untilNs`; it then finds the frame in its memory.
 *
 * @param untilNs on the pool's clock.
 * @param prefersIdle for workers that compute side by side: an idle worker comes before one whose task can be joined.
 */
export function chooseWorker<Worker extends Candidate>(
  workers: readonly Worker[],
  untilNs: number,
  prefersIdle = false,
): Worker | undefined {
  let idle: Worker | undefined;
  let soonest: Worker | undefined;
  let soonestNs = untilNs;
  let gathering: Worker | undefined;
  for (const worker of workers) {
    const { held } = worker;
    if (!held.hasCapacity) continue;
    if (held.isGathering) {
      gathering ??= worker;
    } else if (held.isEmpty) {
      idle ??= worker;
    } else if (held.expectedFreeNs <= soonestNs) {
      soonest = worker;
      soonestNs = held.expectedFreeNs;
    }
  }
  return (prefersIdle ? (idle ?? gathering) : (gathering ?? idle)) ?? soonest;
}
