import { NS_PER_MS } from '../stats/monotonicNs.js';
import type { FrameJob, FramePart } from './FrameJob.js';
import type { HeldFrames } from './HeldFrames.js';
import type { PoolClock } from './PoolClock.js';
import type { WorkerGroup } from './WorkerGroup.js';
import type { WorkerState, WorkerThread } from './WorkerThread.js';

export type FrameWorker<Value> = WorkerThread<FramePart<Value>>;

/** How long a live frame may wait in a busy worker's memory: the handover takes 0.5 to 5 ms under load. */
const AHEAD_NS = 3 * NS_PER_MS;

/** Chooses among the serving workers. */
export class WorkerChoice<Value> {
  readonly #workers: WorkerGroup<FramePart<Value>>;
  readonly #clock: PoolClock;
  /** Whether the model takes several frames per task. */
  hasBatches = false;
  /** Whether the workers compute on the CPU: side by side, where those of a BPU take turns. */
  isOnCpu = false;

  constructor(workers: WorkerGroup<FramePart<Value>>, clock: PoolClock) {
    this.#workers = workers;
    this.#clock = clock;
  }

  /** The worker for the next frame. @param withinNs how soon a busy one must be free, at least {@link AHEAD_NS}. */
  next(withinNs = AHEAD_NS): FrameWorker<Value> | undefined {
    const untilNs = this.#clock.nowNs() + Math.max(withinNs, AHEAD_NS);
    return chooseWorker(this.#workers.serving, untilNs, this.isOnCpu);
  }

  /** Milliseconds until a busy worker is about to be free; infinite until the service time of one is known. */
  get nextFreeMs(): number {
    const busy = this.#workers.serving.filter(({ held }) => held.hasCapacity);
    const freeNs = Math.min(...busy.map(({ held }) => held.expectedFreeNs));
    return Math.ceil((freeNs - AHEAD_NS - this.#clock.nowNs()) / NS_PER_MS);
  }

  /** How many of the waiting frames this worker may take; idle workers of a CPU divide them. */
  shareOf({ held: { openPlaces } }: FrameWorker<Value>, waitingCount: number): number {
    if (!this.hasBatches || !this.isOnCpu) return openPlaces;
    const idleCount = this.#workers.serving.filter(({ held }) => held.isEmpty).length;
    return Math.min(openPlaces, Math.ceil(waitingCount / Math.max(idleCount, 1)));
  }

  /**
   * Whether to wait for more frames in the same turn of the event loop: a task is already running on the device, so
   * waiting costs nothing and the next task may become a larger batch.
   */
  get isWorthGathering(): boolean {
    if (!this.hasBatches) return false;
    const { serving } = this.#workers;
    if (this.isOnCpu && serving.some(({ held }) => held.isEmpty)) return false;
    return serving.some(({ held }) => !held.isEmpty && !held.isGathering);
  }

  /** The worker and, for a frame with regions, all idle ones: each can compute a share of the regions. */
  helpersOf({ frame, regions }: FrameJob<Value>, worker: FrameWorker<Value>): readonly FrameWorker<Value>[] {
    // Each worker would decode a compressed picture again; a device that crops takes all regions as one task.
    if (regions === undefined || frame.kind === 'compressed' || worker.held.handover.hasResizer)
      return [worker];
    return [
      worker,
      ...this.#workers.serving.filter((one) => one !== worker && one.state === 'serving' && one.held.isEmpty),
    ];
  }
}

interface Candidate {
  readonly state: WorkerState;
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
    // While a lost worker's last answers are delivered it is still among these.
    if (worker.state !== 'serving' || !held.hasCapacity) continue;
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
