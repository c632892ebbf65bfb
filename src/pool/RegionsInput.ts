import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { type ChipPlan, chipRegion } from '../image/chipPlan.js';
import { kernelProgram } from '../image/KernelProgram.js';
import { PADDING_BYTES } from '../image/KernelTables.js';
import type { Nv12Converter } from '../image/Nv12Converter.js';
import { type BoxProblem, boxRegion, type PictureRegion } from '../image/PictureRegion.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { roiRegion } from '../image/Roi.js';
import { type FrameShape, regionLayout, type SlotRows } from '../image/SlotLayout.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { ChipFrame } from './DevicePictures.js';
import type { FrameRecord, PictureFacts } from './FrameRecord.js';
import type { InferenceTask, TaskInput, TaskRun } from './InferenceTask.js';
import type { RegionRecord } from './RegionRecord.js';
import { type FrameAnswer, failedAnswer } from './workerProtocol.js';

/** Rows from which the device crops regions. */
interface ChipRegions {
  readonly slot: number;
  readonly frame: FrameShape;
  readonly rows: Pick<ChipPlan, 'shape' | 'lengthBytes'>;
  /** Present if they are not in the device's memory yet. */
  readonly staged?: Uint8Array | undefined;
}

export type RegionSource = { readonly rows: SlotRows } | { readonly chip: ChipRegions };

/** A frame with regions in a slot, on the worker's side. */
export interface ReceivedRegions {
  readonly kind: 'regions';
  readonly record: FrameRecord;
  readonly regions: RegionRecord;
  /** Number of boxes in `regions`. */
  readonly count: number;
  readonly source: RegionSource;
  readonly converter: Nv12Converter;
  readonly preprocess: PreprocessOptions;
  readonly decodeNs: number;
  /** Facts on the decoded picture; absent for raw frames, whose size the main thread knows. */
  readonly picture?: PictureFacts | undefined;
}

/** A region in the form that the backend takes; its NV12 is valid until the first region of the next task is prepared. */
type PreparedRegion = Pick<TaskInput, 'nv12' | 'chip'> & { readonly region: PictureRegion };

/**
 * The regions of one frame, or a worker's share of them, as inputs of one or more tasks. A failed region does not
 * affect the others. The frame is answered when all of them have ended.
 */
export class RegionsInput {
  readonly #number: number;
  readonly #startNs: number;
  readonly #received: ReceivedRegions;
  readonly #answer: (answer: FrameAnswer) => void;
  /** Undefined if the roi does not overlap the picture. */
  readonly #bounds: PictureRegion | undefined;
  readonly #firstFreeByte: number;
  #freeFromByte: number;
  /** Whether the rows were passed to the device. */
  #isStaged = false;
  #openCount: number;
  #preprocessNs = 0;
  #inferenceNs = 0;
  /** Start of the last counted run, so that further regions of the same run do not count it again. */
  #countedRunNs = 0;
  #batchSize = 1;
  #error: EffvitError | undefined;

  /** @param answer called once with the outcome of the frame. */
  constructor(
    number: number,
    startNs: number,
    received: ReceivedRegions,
    answer: (answer: FrameAnswer) => void,
  ) {
    this.#number = number;
    this.#startNs = startNs;
    this.#received = received;
    this.#answer = answer;
    this.#openCount = received.count;
    const { source, preprocess } = received;
    const { widthPx, heightPx } = 'rows' in source ? source.rows.shape : source.chip.frame;
    this.#bounds = roiRegion(preprocess.roi, widthPx, heightPx)?.region;
    this.#firstFreeByte = 'rows' in source ? source.rows.inputBytes + PADDING_BYTES : 0;
    this.#freeFromByte = this.#firstFreeByte;
  }

  /** Places of its regions, in order. */
  places(): Iterable<number> {
    return Array.from({ length: this.#received.count }).keys();
  }

  /** Adds the region to the task if its box is valid. */
  join(place: number, task: InferenceTask): void {
    const { regions } = this.#received;
    const startNs = monotonicNs();
    let region = NO_REGION;
    try {
      const prepared = this.#prepare(place, task.size === 0);
      this.#preprocessNs += monotonicNs() - startNs;
      if (typeof prepared === 'string') {
        regions.refuse(place, prepared);
        this.#end();
        return;
      }
      const { nv12, chip } = prepared;
      region = prepared.region;
      task.join({
        nv12,
        chip,
        logits: regions.logitsOf(place),
        onDone: (run) => this.#onDone(place, prepared.region, run),
        onFailed: (error) => this.#onFailed(place, prepared.region, error),
      });
    } catch (thrown) {
      this.#onFailed(place, region, asEffvitError(thrown, 'INFERENCE_FAILED'));
    }
  }

  /**
   * Makes the NV12 of the region at a place, or returns why its box is invalid.
   *
   * @param isFirstOfTask whether the NV12 of earlier regions may be overwritten.
   * @throws EffvitError INTERNAL if memory is short.
   */
  #prepare(place: number, isFirstOfTask: boolean): PreparedRegion | BoxProblem {
    const { source, converter, preprocess } = this.#received;
    const box = this.#received.regions.boxOf(place);
    const region = this.#bounds === undefined ? 'outside' : boxRegion(box, this.#bounds);
    if (typeof region === 'string') return region;
    if ('chip' in source) return { region, nv12: NO_BYTES, chip: this.#onChip(source.chip, region) };
    const { rows } = source;
    if (isFirstOfTask) this.#freeFromByte = this.#firstFreeByte;
    const program = kernelProgram(regionLayout(rows, region, preprocess), this.#freeFromByte);
    this.#freeFromByte = program.slotBytes;
    return { region, nv12: converter.convert(program) };
  }

  /** The main thread has checked that the chip can crop each region. The first one carries the rows to the device. */
  #onChip({ slot, frame, rows, staged }: ChipRegions, region: PictureRegion): ChipFrame {
    const found = chipRegion(frame, region, this.#received.preprocess);
    if (typeof found === 'string')
      throw new EffvitError('BAD_IMAGE', `The region is not the chip's: ${found}.`);
    const isFirst = !this.#isStaged;
    this.#isStaged = true;
    return { slot, plan: { ...rows, region: found.region }, staged: isFirst ? staged : undefined };
  }

  #onDone(place: number, region: PictureRegion, run: TaskRun): void {
    if (this.#openCount === 0) return;
    this.#preprocessNs += run.inputNs;
    if (run.startNs !== this.#countedRunNs) this.#inferenceNs += run.inferenceNs;
    this.#countedRunNs = run.startNs;
    this.#batchSize = Math.max(this.#batchSize, run.batchSize);
    this.#received.regions.settle(place, region, run.batchSize);
    this.#end();
  }

  #onFailed(place: number, region: PictureRegion, error: EffvitError): void {
    // The frame has ended because the backend failed.
    if (this.#openCount === 0) return;
    this.#error ??= error;
    if (error.code === 'WORKER_DIED') {
      // The frame ends here with the regions computed so far.
      this.#openCount = 0;
      this.#report();
      this.#answer(failedAnswer(this.#number, error));
      return;
    }
    this.#received.regions.settle(place, region, 0);
    this.#end();
  }

  #end(): void {
    this.#openCount -= 1;
    // After each region: if the worker dies at the next one, the main thread reads this report.
    this.#report();
    if (this.#openCount > 0) return;
    this.#answer(this.#error === undefined ? this.#number : failedAnswer(this.#number, this.#error, true));
  }

  #report(): void {
    const { record, decodeNs, picture } = this.#received;
    const endedNs = monotonicNs();
    const busyNs = decodeNs + this.#preprocessNs + this.#inferenceNs;
    record.report(
      {
        startNs: this.#startNs,
        decodeNs,
        preprocessNs: this.#preprocessNs,
        batchWaitNs: Math.max(endedNs - this.#startNs - busyNs, 0),
        inferenceNs: this.#inferenceNs,
        endedNs,
      },
      NO_BYTES,
      picture,
      this.#batchSize,
    );
  }
}

const NO_BYTES = new Uint8Array(0);
const NO_REGION: PictureRegion = { leftPx: 0, topPx: 0, widthPx: 0, heightPx: 0 };
