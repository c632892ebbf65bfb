import { EffvitError } from '../core/EffvitError.js';
import type { PictureFigures } from '../image/PictureFigures.js';
import type { PictureNote } from '../image/pictureNotes.js';
import { type LoadedModelInfo, largestBatchOf } from '../inference/InferenceBackend.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { FrameHandover, type HandedOver } from './FrameHandover.js';
import type { PictureFacts, WorkerTimes } from './FrameRecord.js';
import type { HandoverSlot } from './HandoverSlot.js';
import type { RegionReading } from './RegionRecord.js';
import type { TopKEntry } from './topK.js';
import { type BatchLimits, isNotAfter, WorkerChannel } from './WorkerChannel.js';
import { heldFrames, logitsRing } from './workerProtocol.js';

/** A worker's report on a frame. */
export interface WorkerReport {
  readonly times: WorkerTimes;
  /** How long the frame waited in the worker's memory for earlier frames, nanoseconds. */
  readonly waitedAheadNs: number;
  /** Facts on a compressed frame; zeros for a raw one. */
  readonly picture: PictureFacts;
  /** Measurements of the picture; undefined if pictures are not measured. */
  readonly figures: PictureFigures | undefined;
  /** Frames in this frame's task. */
  readonly batchSize: number;
  /** A note on how it was resized. */
  readonly note: PictureNote | undefined;
  /** Valid until the worker has answered as many more frames as it may hold. */
  readonly logits: Float32Array;
  /** The best scores, if the worker was asked to rank them. */
  readonly ranked: readonly TopKEntry[] | undefined;
  /** A reading for each of the frame's regions; empty for a whole frame. */
  readonly regions: readonly RegionReading[];
  /** Copies the network's input; call it before the next handover. */
  copyNv12(): Uint8Array;
}

/** A frame that was handed to a worker and not answered. */
export interface HeldFrame<Job> {
  readonly job: Job;
  readonly number: number;
  readonly slot: HandoverSlot;
  readonly regionCount: number;
}

/** A frame that is lost with its worker. */
export interface LostFrame<Job> {
  readonly job: Job;
  /** The worker's report on regions that it finished, if any. */
  readonly partly: WorkerReport | undefined;
}

/** Weight of the newest task in the moving average of the service time. */
const SERVICE_WEIGHT = 1 / 8;
const NO_REGIONS: readonly RegionReading[] = [];

/** The frames that one worker was handed and has not answered, in the order in which its thread computes them. */
export class HeldFrames<Job> {
  readonly channel = new WorkerChannel();
  readonly handover = new FrameHandover();
  #frames: HeldFrame<Job>[] = [];
  #modelBatch = 1;
  #largestBatch = 1;
  #logits = logitsRing(0, 1);
  #classCount = 0;
  /** When the thread started the first of the frames. */
  #currentSinceNs = 0;
  /** Moving average of the time per task; infinite before the first task. */
  #serviceNs = Number.POSITIVE_INFINITY;
  #lastEndedNs = 0;

  get count(): number {
    return this.#frames.length;
  }

  /** Whether the worker has nothing to do. */
  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** The frame that has waited longest for an answer. */
  get first(): Job | undefined {
    return this.#frames[0]?.job;
  }

  /** Whether a frame can be handed over: a worker holds at most the frames of the running task and of the next one. */
  get hasCapacity(): boolean {
    return this.openPlaces > 0;
  }

  /** How many frames can be handed over now for the same task. */
  get openPlaces(): number {
    let openCount = 0;
    for (const { number } of this.#frames) if (this.channel.isOpen(number)) openCount += 1;
    const isRunning = openCount < this.count;
    // An answered frame keeps its slot and its logits until the answer is processed here.
    const free = heldFrames(this.#largestBatch) - this.count;
    if (!isRunning && openCount >= this.#largestBatch) return free;
    return Math.max(Math.min(this.#largestBatch - openCount, free), 0);
  }

  /** Whether another frame would join all of these in one task that has not started. */
  get isGathering(): boolean {
    const first = this.#frames[0];
    return first !== undefined && this.count < this.#largestBatch && this.channel.isOpen(first.number);
  }

  /** When the worker's current task is expected to finish, by the pool's clock; valid if there are frames. */
  get expectedFreeNs(): number {
    return this.#currentSinceNs + this.#serviceNs;
  }

  /** Call this once the model is loaded: frames can be handed over from then on. */
  prepare(info: LoadedModelInfo, logits: SharedArrayBuffer): void {
    this.#modelBatch = largestBatchOf(info);
    this.handover.hasResizer = info.mostRegions !== undefined;
    this.#classCount = info.classCount;
    this.#logits = logitsRing(info.classCount, this.#modelBatch, logits);
    this.setBatchLimits({ largestBatch: 0, waitMs: 0 });
  }

  /** Sets the limits of future tasks. @param limits.largestBatch 0: as many as the model takes. */
  setBatchLimits({ largestBatch, waitMs }: BatchLimits): void {
    this.#largestBatch = Math.min(largestBatch === 0 ? this.#modelBatch : largestBatch, this.#modelBatch);
    this.channel.setBatchLimits({ largestBatch: this.#largestBatch, waitMs });
  }

  /**
   * Copies the frame into the worker's memory and wakes the worker. Up to {@link openPlaces} frames can be added after
   * one look at it: the worker may close its task meanwhile, which changes the places but not the memory for them.
   *
   * @returns duration of the copy, nanoseconds. @throws EffvitError BAD_IMAGE; nothing was handed over then.
   */
  add(job: Job, handed: HandedOver): number {
    if (this.count >= heldFrames(this.#largestBatch)) {
      throw new EffvitError('INTERNAL', 'The worker has no capacity; this is a defect of effvit.');
    }
    const startNs = monotonicNs();
    const slot = this.handover.acquireSlot();
    let handedOverNs: number;
    try {
      handedOverNs = this.handover.write(slot, handed, this.#classCount);
    } catch (error) {
      slot.isFree = true;
      throw error;
    }
    const regionCount = handed.boxes?.length ?? 0;
    this.#frames.push({ job, number: this.channel.post(slot.number), slot, regionCount });
    // Waking the worker counts as handover: if the stages overlapped, their sum would exceed the total.
    return handedOverNs - startNs;
  }

  /** Notes when the thread started the first frame. */
  beginFirst(nowNs: number): void {
    this.#currentSinceNs = nowNs;
  }

  /** Removes the answered frame, whose slot stays in use; undefined if it is no longer held here. */
  take(number: number): HeldFrame<Job> | undefined {
    const index = this.#frames.findIndex((each) => each.number === number);
    const frame = this.#frames[index];
    if (frame !== undefined) this.#frames.splice(index, 1);
    return frame;
  }

  /** Takes all frames back; the worker starts none after this. */
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

  /**
   * The worker's report on a frame; the picture is valid until the next handover.
   *
   * @param given times in place of those that the thread measured.
   */
  report({ number, slot, regionCount }: HeldFrame<Job>, given?: WorkerTimes): WorkerReport {
    const { record } = slot;
    const times = given ?? record.times();
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
      note: slot.note,
      logits: this.#logits.of(number),
      ranked: record.ranked(),
      regions: regionCount === 0 ? NO_REGIONS : slot.readRegions(regionCount),
      copyNv12: () => slot.copyNv12(),
    };
  }
}
