import type { PictureFigures } from '../image/PictureFigures.js';
import { PICTURE_NOTES, type PictureNote } from '../image/pictureNotes.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { type Ranking, type TopKEntry, topK } from './topK.js';

const DESCRIPTOR = 0;
const PAYLOAD_BYTES = 1;
const NV12_OFFSET = 2;
const NV12_BYTES = 3;
const WIDTH_PX = 4;
const HEIGHT_PX = 5;
const BATCH_SIZE = 6;
/** One bit for each of PICTURE_NOTES. */
const NOTES = 7;
/** Number of boxes in the slot's RegionRecord; 0: the whole frame is classified. */
const REGION_COUNT = 8;
/** 1 if the frame is in the device's memory and not in the slot. */
const ON_DEVICE = 9;
/** 1 if the picture was measured. */
const HAS_FIGURES = 10;
/** How many scores the worker ranks; 0: none. */
const WANTED_SCORES = 11;
/** 1 if the scores are those of logits. */
const OF_LOGITS = 12;
/** How many scores the worker ranked. */
const RANKED_SCORES = 13;
/** Even, so that the 64-bit times after the words are aligned. */
const WORD_COUNT = 14;
const TIME_COUNT = 8;
const FIGURE_COUNT = 5;
/** The most scores that the worker ranks; beyond, the main thread does. */
const MOST_RANKED = 32;
const TIMES_OFFSET_BYTES = WORD_COUNT * Int32Array.BYTES_PER_ELEMENT;
const FIGURES_OFFSET_BYTES = TIMES_OFFSET_BYTES + TIME_COUNT * Float64Array.BYTES_PER_ELEMENT;
/** The temperature, then the ranked scores. */
const SCORES_OFFSET_BYTES = FIGURES_OFFSET_BYTES + FIGURE_COUNT * Float64Array.BYTES_PER_ELEMENT;
const INDICES_OFFSET_BYTES = SCORES_OFFSET_BYTES + (1 + MOST_RANKED) * Float64Array.BYTES_PER_ELEMENT;
const RECORD_BYTES = INDICES_OFFSET_BYTES + MOST_RANKED * Int32Array.BYTES_PER_ELEMENT;
const NO_NOTES: readonly PictureNote[] = [];

/** Times of one frame: points on the monotonic clock (handedOver, began, ended) and durations. */
export interface WorkerTimes {
  readonly handedOverNs: number;
  readonly startNs: number;
  readonly decodeNs: number;
  readonly preprocessNs: number;
  /** Until the frame's task started: waiting for other frames of the batch, and preparing them. */
  readonly batchWaitNs: number;
  /** Duration of the whole task. */
  readonly inferenceNs: number;
  readonly endedNs: number;
  /** Ranking the scores, after the end; 0 if the worker did not. */
  readonly rankNs: number;
}

/** What the worker is asked for beside the whole frame's scores. */
export interface FrameNeeds {
  readonly regionCount: number;
  readonly isOnDevice: boolean;
  /** Undefined: the main thread ranks the scores. */
  readonly ranking?: Ranking | undefined;
}

/** The picture before resizing; for compressed frames only the worker knows its size. */
export interface PictureFacts {
  readonly notes: readonly PictureNote[];
  readonly widthPx: number;
  readonly heightPx: number;
}

/**
 * Description and report of the frame in one slot, in shared memory. It needs no Atomics: only one thread uses it at
 * a time, and the WorkerChannel that passes it between threads orders their reads and writes.
 */
export class FrameRecord {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #figures: Float64Array;
  readonly #scores: Float64Array;
  readonly #indices: Int32Array;

  /** On the main thread without an argument; on the worker over the main thread's {@link buffer}. */
  constructor(buffer = new SharedArrayBuffer(RECORD_BYTES)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, WORD_COUNT);
    this.#times = new Float64Array(buffer, TIMES_OFFSET_BYTES, TIME_COUNT);
    this.#figures = new Float64Array(buffer, FIGURES_OFFSET_BYTES, FIGURE_COUNT);
    this.#scores = new Float64Array(buffer, SCORES_OFFSET_BYTES, 1 + MOST_RANKED);
    this.#indices = new Int32Array(buffer, INDICES_OFFSET_BYTES, MOST_RANKED);
  }

  /** Called by the main thread: describes the content of the slot. */
  describe(
    descriptor: number,
    payloadBytes: number,
    handedOverNs: number,
    { regionCount, isOnDevice, ranking }: FrameNeeds,
  ): void {
    const isRanked = ranking !== undefined && ranking.k <= MOST_RANKED;
    this.#words[WANTED_SCORES] = isRanked ? ranking.k : 0;
    if (isRanked) {
      this.#words[OF_LOGITS] = ranking.activation === 'logits' ? 1 : 0;
      this.#scores[0] = ranking.temperature;
    }
    this.#words[ON_DEVICE] = isOnDevice ? 1 : 0;
    this.#words[DESCRIPTOR] = descriptor;
    this.#words[PAYLOAD_BYTES] = payloadBytes;
    this.#words[REGION_COUNT] = regionCount;
    this.#times[0] = handedOverNs;
  }

  get descriptor(): number {
    return this.#words[DESCRIPTOR] ?? 0;
  }

  get isOnDevice(): boolean {
    return this.#words[ON_DEVICE] === 1;
  }

  get payloadBytes(): number {
    return this.#words[PAYLOAD_BYTES] ?? 0;
  }

  get regionCount(): number {
    return this.#words[REGION_COUNT] ?? 0;
  }

  /** Called by the worker: reports what it read and computed. `nv12` is a view of the slot's memory. */
  report(
    times: Omit<WorkerTimes, 'handedOverNs' | 'rankNs'>,
    nv12: Uint8Array,
    picture: PictureFacts | undefined,
    batchSize: number,
    figures?: PictureFigures,
  ): void {
    const numbers = this.#times;
    numbers[1] = times.startNs;
    numbers[2] = times.decodeNs;
    numbers[3] = times.preprocessNs;
    numbers[4] = times.batchWaitNs;
    numbers[5] = times.inferenceNs;
    numbers[6] = times.endedNs;
    numbers[7] = 0;
    this.#words[RANKED_SCORES] = 0;
    this.#words[NV12_OFFSET] = nv12.byteOffset;
    this.#words[NV12_BYTES] = nv12.byteLength;
    this.#words[WIDTH_PX] = picture?.widthPx ?? 0;
    this.#words[HEIGHT_PX] = picture?.heightPx ?? 0;
    this.#words[BATCH_SIZE] = batchSize;
    this.#words[HAS_FIGURES] = figures === undefined ? 0 : 1;
    if (figures !== undefined) {
      const { brightness, contrast, sharpness, flatShare, contentHash } = figures;
      this.#figures.set([brightness, contrast, sharpness, flatShare, contentHash]);
    }
    this.#words[NOTES] = picture === undefined ? 0 : bitsOf(picture.notes);
  }

  /** Called by the worker after {@link report}: ranks the scores as the main thread asked for it. */
  rank(logits: Float32Array): void {
    const k = this.#words[WANTED_SCORES] ?? 0;
    if (k === 0) return;
    const startNs = monotonicNs();
    const activation = this.#words[OF_LOGITS] === 1 ? 'logits' : 'probabilities';
    const entries = topK(logits, k, activation, this.#scores[0]);
    for (let place = 0; place < entries.length; place++) {
      this.#indices[place] = entries[place]?.index ?? 0;
      this.#scores[1 + place] = entries[place]?.score ?? 0;
    }
    this.#words[RANKED_SCORES] = entries.length;
    this.#times[7] = monotonicNs() - startNs;
  }

  /** What {@link rank} found; undefined if the worker ranked nothing. */
  ranked(): readonly TopKEntry[] | undefined {
    const count = this.#words[RANKED_SCORES] ?? 0;
    if (count === 0) return undefined;
    const entries: TopKEntry[] = [];
    for (let place = 0; place < count; place++) {
      entries.push({ index: this.#indices[place] ?? 0, score: this.#scores[1 + place] ?? 0 });
    }
    return entries;
  }

  // By index: an iterator allocates an object per number.
  times(): WorkerTimes {
    const numbers = this.#times;
    return {
      handedOverNs: numbers[0] ?? 0,
      startNs: numbers[1] ?? 0,
      decodeNs: numbers[2] ?? 0,
      preprocessNs: numbers[3] ?? 0,
      batchWaitNs: numbers[4] ?? 0,
      inferenceNs: numbers[5] ?? 0,
      endedNs: numbers[6] ?? 0,
      rankNs: numbers[7] ?? 0,
    };
  }

  /** Frames in this frame's task. */
  get batchSize(): number {
    return this.#words[BATCH_SIZE] ?? 0;
  }

  /** Measurements of the picture; undefined if it was not measured. */
  figures(): PictureFigures | undefined {
    if (this.#words[HAS_FIGURES] !== 1) return undefined;
    const [brightness = 0, contrast = 0, sharpness = 0, flatShare = 0, contentHash = 0] = this.#figures;
    return { brightness, contrast, sharpness, flatShare, contentHash };
  }

  /** Facts on a compressed frame; zeros for a raw one. */
  picture(): PictureFacts {
    const bits = this.#words[NOTES] ?? 0;
    return {
      widthPx: this.#words[WIDTH_PX] ?? 0,
      heightPx: this.#words[HEIGHT_PX] ?? 0,
      notes: bits === 0 ? NO_NOTES : PICTURE_NOTES.filter((_, index) => (bits & (1 << index)) !== 0),
    };
  }

  /** A copy of the NV12 that the worker left in `memory`. */
  copyNv12(memory: WebAssembly.Memory): Uint8Array {
    // Growing by 0 pages makes this thread see memory that the worker has grown.
    memory.grow(0);
    return new Uint8Array(memory.buffer, this.#words[NV12_OFFSET], this.#words[NV12_BYTES]).slice();
  }
}

function bitsOf(notes: readonly PictureNote[]): number {
  return PICTURE_NOTES.reduce((bits, note, index) => (notes.includes(note) ? bits | (1 << index) : bits), 0);
}
