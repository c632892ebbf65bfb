import { asEffvitError, type EffvitError } from '../core/EffvitError.js';
import type { RegionBox } from '../image/PictureRegion.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import { dropCauseOf } from './dropCauseOf.js';
import type { FrameJob } from './FrameJob.js';
import type { RegionPart, RegionReader } from './FrameRegions.js';
import type { WorkerReport } from './HeldFrames.js';
import type { PoolClock } from './PoolClock.js';
import type { WorkerThread } from './WorkerThread.js';

/** The regions of a frame that one worker computes. */
export class RegionShare<Value> implements RegionPart {
  readonly job: FrameJob<Value>;
  readonly boxes: readonly RegionBox[];
  readonly places: readonly number[];
  /** Time to copy the frame for this share and the shares before it. */
  copyNs = 0;

  constructor(job: FrameJob<Value>, { boxes, places }: RegionPart) {
    this.job = job;
    this.boxes = boxes;
    this.places = places;
  }
}

/** A worker's job: a frame, or a share of a frame's regions. */
export type WorkerJob<Value> = FrameJob<Value> | RegionShare<Value>;

/** Callbacks of the scheduler for frames with regions. */
export interface RegionShareOwner<Value> {
  readonly clock: PoolClock;
  /** The frame's `finished` is set: deliver it in order. */
  readonly finish: (job: FrameJob<Value>) => void;
  /** The frame has waiting regions: put it back as the next one of its camera. */
  readonly requeue: (job: FrameJob<Value>) => void;
}

/**
 * Divides the regions of frames among workers and combines the results of the shares. A frame ends when all of its
 * regions have ended. It has a result if a worker has answered for any of them.
 */
export class RegionShares<Value> {
  readonly #owner: RegionShareOwner<Value>;

  constructor(owner: RegionShareOwner<Value>) {
    this.#owner = owner;
  }

  /** Hands over the frame's waiting regions, at most one share per worker. */
  dispatch(
    job: FrameJob<Value>,
    workers: readonly WorkerThread<WorkerJob<Value>>[],
    preprocess: PreprocessOptions,
  ): void {
    const { frame, regions } = job;
    if (regions === undefined) return;
    const isEmpty = regions.isDone;
    let copyNs = 0;
    for (const [index, part] of regions.takeShares(workers.length).entries()) {
      const share = new RegionShare(job, part);
      try {
        const plan = job.planFor(preprocess);
        copyNs += workers[index]?.run(share, { frame, plan, preprocess, boxes: share.boxes }) ?? 0;
        share.copyNs = copyNs;
      } catch (error) {
        this.fail(share, asEffvitError(error, 'BAD_IMAGE', undefined, { source: frame.source }));
      }
    }
    if (isEmpty) this.#publish(job);
  }

  /** @param error for regions of the share that failed or were not started. */
  onDone(
    share: RegionShare<Value>,
    { id: workerId, generation }: WorkerThread<WorkerJob<Value>>,
    report: WorkerReport,
    model: RegionReader<Value>,
    error: EffvitError | undefined,
  ): void {
    const { job, copyNs } = share;
    const { regions } = job;
    if (regions === undefined) return;
    const { clock } = this.#owner;
    const startNs = clock.nowNs();
    regions.settle(share, report.regions, model, { report, workerId, generation, copyNs }, error);
    regions.postprocessNs += clock.nowNs() - startNs;
    if (regions.isDone) this.#publish(job);
  }

  /** A worker never started the share: its regions wait again. */
  giveBack(share: RegionShare<Value>): void {
    const { job } = share;
    // If another share was given back before, the frame is queued already.
    const isQueued = (job.regions?.waitingCount ?? 0) > 0;
    job.regions?.giveBack(share);
    if (!isQueued) this.#owner.requeue(job);
  }

  /** No worker could compute the share. */
  fail(share: RegionShare<Value>, error: EffvitError): void {
    const cause = dropCauseOf(error.code);
    share.job.regions?.fail(share, cause, error);
    this.#endIfDone(share.job, cause, error);
  }

  /** Gives the frame's waiting regions this drop cause; they are not computed. */
  drop(job: FrameJob<Value>, cause: DropCause, error: EffvitError | undefined): void {
    job.regions?.giveUp(cause, error);
    this.#endIfDone(job, cause, error);
  }

  #endIfDone(job: FrameJob<Value>, cause: DropCause, error: EffvitError | undefined): void {
    const { regions } = job;
    if (regions === undefined || !regions.isDone) return;
    if (regions.wasRead) {
      this.#publish(job);
      return;
    }
    job.finished = { kind: 'drop', cause, error };
    this.#owner.finish(job);
  }

  #publish(job: FrameJob<Value>): void {
    if (job.regions === undefined) return;
    job.finished = { kind: 'regions', regions: job.regions };
    this.#owner.finish(job);
  }
}
