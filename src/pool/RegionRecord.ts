import { BOX_PROBLEMS, type BoxProblem, type PictureRegion, type RegionBox } from '../image/PictureRegion.js';

/** The most regions per frame. */
export const MAX_REGIONS = 256;

const STATUS = 0;
const LEFT_PX = 1;
const TOP_PX = 2;
const WIDTH_PX = 3;
const HEIGHT_PX = 4;
const BATCH_SIZE = 5;
/** Even, so that the 64-bit boxes after the words are aligned. */
const REGION_WORDS = 6;
const BOX_NUMBERS = 4;
const BOX_BYTES = BOX_NUMBERS * Float64Array.BYTES_PER_ELEMENT;

const PENDING = 0;
const DONE = 1;
const FAILED = 2;
/** And those of the further problems behind it. */
const FIRST_PROBLEM = 3;

/** A worker's result for one region. */
export type RegionReading =
  | {
      readonly status: 'done';
      readonly region: PictureRegion;
      /** A copy. */
      readonly logits: Float32Array;
      /** Regions and frames in its task. */
      readonly batchSize: number;
    }
  | { readonly status: 'failed'; readonly region: PictureRegion }
  /** The worker has not computed it. */
  | { readonly status: 'pending' }
  | { readonly status: BoxProblem };

/** Minimum number of regions to allocate memory for. */
const LEAST_CAPACITY = 8;

/**
 * The regions of the frame in one slot, in shared memory: the main thread writes the boxes, the worker the results.
 * Like {@link FrameRecord} it is used by one thread at a time, except that the main thread reads the finished regions
 * of an abandoned worker.
 */
export class RegionRecord {
  readonly buffer: SharedArrayBuffer;
  readonly capacity: number;
  readonly #classCount: number;
  readonly #words: Int32Array;
  readonly #boxes: Float64Array;
  readonly #logits: Float32Array;

  /** @param buffer on the worker: the buffer of the main thread's record. */
  constructor(capacity: number, classCount: number, buffer?: SharedArrayBuffer) {
    const wordBytes = capacity * REGION_WORDS * Int32Array.BYTES_PER_ELEMENT;
    const logitsAt = wordBytes + capacity * BOX_BYTES;
    this.buffer =
      buffer ?? new SharedArrayBuffer(logitsAt + capacity * classCount * Float32Array.BYTES_PER_ELEMENT);
    this.capacity = capacity;
    this.#classCount = classCount;
    this.#words = new Int32Array(this.buffer, 0, capacity * REGION_WORDS);
    this.#boxes = new Float64Array(this.buffer, wordBytes, capacity * BOX_NUMBERS);
    this.#logits = new Float32Array(this.buffer, logitsAt, capacity * classCount);
  }

  /** The capacity to allocate for this number of regions. */
  static capacityFor(count: number): number {
    return Math.max(LEAST_CAPACITY, 2 ** Math.ceil(Math.log2(count)));
  }

  // ---- main thread

  /** Call this before the handover. */
  describe(boxes: readonly RegionBox[]): void {
    for (const [place, { leftPx, topPx, widthPx, heightPx }] of boxes.entries()) {
      this.#boxes.set([leftPx, topPx, widthPx, heightPx], place * BOX_NUMBERS);
      this.#words[place * REGION_WORDS + STATUS] = PENDING;
    }
  }

  read(place: number): RegionReading {
    const at = place * REGION_WORDS;
    const status = Atomics.load(this.#words, at + STATUS);
    if (status === PENDING) return { status: 'pending' };
    const problem = BOX_PROBLEMS[status - FIRST_PROBLEM];
    if (problem !== undefined) return { status: problem };
    const region = {
      leftPx: this.#words[at + LEFT_PX] ?? 0,
      topPx: this.#words[at + TOP_PX] ?? 0,
      widthPx: this.#words[at + WIDTH_PX] ?? 0,
      heightPx: this.#words[at + HEIGHT_PX] ?? 0,
    };
    if (status === FAILED) return { status: 'failed', region };
    const batchSize = this.#words[at + BATCH_SIZE] ?? 1;
    return { status: 'done', region, logits: this.logitsOf(place).slice(), batchSize };
  }

  // ---- worker thread

  boxOf(place: number): RegionBox {
    const [leftPx = 0, topPx = 0, widthPx = 0, heightPx = 0] = this.#boxes.subarray(place * BOX_NUMBERS);
    return { leftPx, topPx, widthPx, heightPx };
  }

  /** Memory for the scores of a region; write it before {@link settle}. */
  logitsOf(place: number): Float32Array {
    return this.#logits.subarray(place * this.#classCount, (place + 1) * this.#classCount);
  }

  refuse(place: number, problem: BoxProblem): void {
    this.#setStatus(place, FIRST_PROBLEM + BOX_PROBLEMS.indexOf(problem));
  }

  /** @param batchSize size of the region's task; 0: the region failed. */
  settle(place: number, { leftPx, topPx, widthPx, heightPx }: PictureRegion, batchSize: number): void {
    const at = place * REGION_WORDS;
    this.#words[at + LEFT_PX] = leftPx;
    this.#words[at + TOP_PX] = topPx;
    this.#words[at + WIDTH_PX] = widthPx;
    this.#words[at + HEIGHT_PX] = heightPx;
    this.#words[at + BATCH_SIZE] = batchSize;
    this.#setStatus(place, batchSize === 0 ? FAILED : DONE);
  }

  #setStatus(place: number, status: number): void {
    // Atomic, so that a thread that sees the status also sees the scores.
    Atomics.store(this.#words, place * REGION_WORDS + STATUS, status);
  }
}
