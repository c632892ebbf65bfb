import type { MessagePort } from 'node:worker_threads';
import { EffvitError } from '../core/EffvitError.js';
import type { PictureFigures } from '../image/PictureFigures.js';
import type { PictureNote } from '../image/pictureNotes.js';
import { type LoadedModelInfo, largestBatchOf } from '../inference/InferenceBackend.js';
import type { SharedBytes } from '../inference/PictureResizer.js';
import { viewOfShared } from '../inference/viewOfShared.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { FrameHandover, type HandedOver } from './FrameHandover.js';
import type { PictureFacts, WorkerTimes } from './FrameRecord.js';
import type { RegionReading } from './RegionRecord.js';
import { type BatchLimits, isNotAfter, WorkerChannel } from './WorkerChannel.js';
import { heldFrames, logitsRing } from './workerProtocol.js';

/** What a worker made of a frame. */
export interface WorkerReport {
  readonly times: WorkerTimes;
  /** How long the frame lay in the worker's memory while those before it were computed, nanoseconds. */
  readonly waitedAheadNs: number;
  /** Of a compressed frame; zeros for a raw one. */
  readonly picture: PictureFacts;
  /** How the picture looks; undefined where that is not asked for. */
  readonly figures: PictureFigures | undefined;
  /** Frames of the task that it was part of. */
  readonly batchSize: number;
  /** What is to be told of how it was resized. */
  readonly note: PictureNote | undefined;
  /** Valid until the worker has answered as many further frames as it may hold. */
  readonly logits: Float32Array;
  /** What became of each of the frame's regions; empty for one without. */
  readonly regions: readonly RegionReading[];
  /** What the network saw; only before the next frame is handed over. */
  copyNv12(): Uint8Array;
}

/** A frame that a worker has. */
export interface HeldFrame<Job> {
  readonly job: Job;
  readonly number: number;
  readonly slot: number;
  readonly regionCount: number;
}

/** A frame that is lost with its worker. */
export interface LostFrame<Job> {
  readonly job: Job;
  /** What the worker had made of its regions by then, where it had made anything. */
  readonly partly: WorkerReport | undefined;
}

/** Of the newest task in the moving average of the time that one takes. */
const SERVICE_WEIGHT = 1 / 8;
const NO_REGIONS: readonly RegionReading[] = [];

/** The frames that one worker has been handed and has not answered, in the order in which its thread does them. */
export class HeldFrames<Job> {
  readonly channel = new WorkerChannel();
  readonly #handover = new FrameHandover();
  #frames: HeldFrame<Job>[] = [];
  #modelBatch = 1;
  #largestBatch = 1;
  #logits = logitsRing(0, 1);
  #classCount = 0;
  /** When the thread turned to the first of the frames. */
  #currentSinceNs = 0;
  /** How long it takes for a task, a moving average; nothing is expected of it before the first. */
  #serviceNs = Number.POSITIVE_INFINITY;
  #lastEndedNs = 0;

  /** For the worker's thread, to be transferred. */
  get workerPort(): MessagePort {
    return this.#handover.workerPort;
  }

  get count(): number {
    return this.#frames.length;
  }

  /** The frame that has waited longest for an answer. */
  get first(): Job | undefined {
    return this.#frames[0]?.job;
  }

  /** Whether a frame can be handed over: one task is computed, and as many frames may lie ready for the next. */
  get hasCapacity(): boolean {
    return this.openPlaces > 0;
  }

  /** The most frames that could be handed over now to be computed together. */
  get openPlaces(): number {
    const openCount = this.#frames.filter(({ number }) => this.channel.isOpen(number)).length;
    const isRunning = openCount < this.count;
    // What was answered and not looked at here still has its slot and its logits.
    const free = heldFrames(this.#largestBatch) - this.count;
    if (!isRunning && openCount >= this.#largestBatch) return free;
    return Math.max(Math.min(this.#largestBatch - openCount, free), 0);
  }

  /** Whether a further frame would join all of these in one task, which has not started to run. */
  get isGathering(): boolean {
    const first = this.#frames[0];
    return first !== undefined && this.count < this.#largestBatch && this.channel.isOpen(first.number);
  }

  /** When the worker is expected to be done with the task that it computes, by the pool's clock. */
  get expectedFreeNs(): number {
    return this.#currentSinceNs + this.#serviceNs;
  }

  /** The model is there: frames can be handed over. */
  prepare(info: LoadedModelInfo, logits: SharedArrayBuffer): void {
    this.#modelBatch = largestBatchOf(info);
    this.#handover.hasResizer = info.mostRegions !== undefined;
    this.#classCount = info.classCount;
    this.#logits = logitsRing(info.classCount, this.#modelBatch, logits);
    this.setBatchLimits({ largestBatch: 0, waitMs: 0 });
  }

  /** For the tasks from now on. @param limits.largestBatch 0: as many as the model takes. */
  setBatchLimits({ largestBatch, waitMs }: BatchLimits): void {
    this.#largestBatch = Math.min(largestBatch === 0 ? this.#modelBatch : largestBatch, this.#modelBatch);
    this.channel.setBatchLimits({ largestBatch: this.#largestBatch, waitMs });
  }

  /**
   * Copies the frame into the worker's memory and wakes it; only while {@link hasCapacity}.
   *
   * @returns nanoseconds that the copy took. @throws EffvitError BAD_IMAGE; nothing was handed over then.
   */
  add(job: Job, handed: HandedOver): number {
    if (!this.hasCapacity) {
      throw new EffvitError('INTERNAL', 'The worker has no capacity; this is a defect of effvit.');
    }
    const startNs = monotonicNs();
    const slot = this.#handover.acquireSlot();
    let handedOverNs: number;
    try {
      handedOverNs = this.#handover.write(slot, handed, this.#classCount);
    } catch (error) {
      this.#handover.releaseSlot(slot);
      throw error;
    }
    const regionCount = handed.boxes?.length ?? 0;
    this.#frames.push({ job, number: this.channel.post(slot), slot, regionCount });
    // Waking the worker is the handover's: the two must not overlap, or the stages exceed the total.
    return handedOverNs - startNs;
  }

  /** Frames of that slot are copied into the device's memory from now on. */
  adoptPicture(slot: number, shared: SharedBytes): void {
    this.#handover.adopt(slot, viewOfShared(shared));
  }

  /** Whether the worker's device takes several regions of a picture as one task. */
  get hasResizer(): boolean {
    return this.#handover.hasResizer;
  }

  /** The thread turns to the first frame. */
  beginFirst(nowNs: number): void {
    this.#currentSinceNs = nowNs;
  }

  /** Removes the frame that was answered; undefined for an answer that nobody waits for any more. */
  take(number: number): HeldFrame<Job> | undefined {
    const index = this.#frames.findIndex((each) => each.number === number);
    const frame = this.#frames[index];
    if (frame !== undefined) this.#frames.splice(index, 1);
    return frame;
  }

  /** Gives the slot of a frame that was taken to the next. */
  release({ slot }: HeldFrame<Job>): void {
    this.#handover.releaseSlot(slot);
  }

  /** Takes all frames back, for good. */
  revoke(): { readonly started: readonly LostFrame<Job>[]; readonly notStarted: readonly Job[] } {
    const lastStarted = this.channel.revoke();
    const frames = this.#frames;
    this.#frames = [];
    const startedCount = frames.filter(({ number }) => isNotAfter(number, lastStarted)).length;
    return {
      started: frames
        .slice(0, startedCount)
        .map((frame) => ({ job: frame.job, partly: this.#partly(frame) })),
      notStarted: frames.slice(startedCount).map(({ job }) => job),
    };
  }

  #partly(frame: HeldFrame<Job>): WorkerReport | undefined {
    if (frame.regionCount === 0) return undefined;
    const report = this.report(frame);
    return report.regions.some(({ status }) => status !== 'pending') ? report : undefined;
  }

  /** What the worker made of a frame; its picture is there until the next frame is handed over. */
  report({ number, slot, regionCount }: HeldFrame<Job>): WorkerReport {
    const record = this.#handover.record(slot);
    const times = record.times();
    const { handedOverNs, startNs, endedNs } = times;
    const aheadUntilNs = Math.min(this.#lastEndedNs, startNs);
    this.#lastEndedNs = endedNs;
    const serviceNs = endedNs - startNs;
    this.#serviceNs = Number.isFinite(this.#serviceNs)
      ? this.#serviceNs + (serviceNs - this.#serviceNs) * SERVICE_WEIGHT
      : serviceNs;
    return {
      times,
      waitedAheadNs: Math.max(aheadUntilNs - handedOverNs, 0),
      picture: record.picture(),
      figures: record.figures(),
      batchSize: record.batchSize,
      note: this.#handover.note(slot),
      logits: this.#logits.of(number),
      regions: regionCount === 0 ? NO_REGIONS : this.#handover.readRegions(slot, regionCount),
      copyNv12: () => this.#handover.copyNv12(slot),
    };
  }

  close(): void {
    this.#handover.close();
  }
}
