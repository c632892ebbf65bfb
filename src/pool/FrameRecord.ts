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
const TEMPERATURE = 13;
/** How many scores the worker ranked. */
const RANKED_SCORES = 14;
const TIMES = 15;
const FIGURES = TIMES + 8;
/** Index and score of each ranked class. */
const RANKED = FIGURES + 5;
/** The most scores that the worker ranks; beyond, the main thread does. */
const MOST_RANKED = 32;
const RECORD_BYTES = (RANKED + 2 * MOST_RANKED) * Float64Array.BYTES_PER_ELEMENT;
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
  readonly #numbers: Float64Array;

  /** On the main thread without an argument; on the worker over the main thread's {@link buffer}. */
  constructor(buffer = new SharedArrayBuffer(RECORD_BYTES)) {
    this.buffer = buffer;
    this.#numbers = new Float64Array(buffer);
  }

  /** Called by the main thread: describes the content of the slot. */
  describe(
    descriptor: number,
    payloadBytes: number,
    handedOverNs: number,
    { regionCount, isOnDevice, ranking }: FrameNeeds,
  ): void {
    const numbers = this.#numbers;
    const isRanked = ranking !== undefined && ranking.k <= MOST_RANKED;
    numbers[WANTED_SCORES] = isRanked ? ranking.k : 0;
    if (isRanked) {
      numbers[OF_LOGITS] = ranking.activation === 'logits' ? 1 : 0;
      numbers[TEMPERATURE] = ranking.temperature;
    }
    numbers[ON_DEVICE] = isOnDevice ? 1 : 0;
    numbers[DESCRIPTOR] = descriptor;
    numbers[PAYLOAD_BYTES] = payloadBytes;
    numbers[REGION_COUNT] = regionCount;
    numbers[TIMES] = handedOverNs;
  }

  get descriptor(): number {
    return this.#numbers[DESCRIPTOR] ?? 0;
  }

  get isOnDevice(): boolean {
    return this.#numbers[ON_DEVICE] === 1;
  }

  get payloadBytes(): number {
    return this.#numbers[PAYLOAD_BYTES] ?? 0;
  }

  get regionCount(): number {
    return this.#numbers[REGION_COUNT] ?? 0;
  }

  /** Called by the worker: reports what it read and computed. `nv12` is a view of the slot's memory. */
  report(
    times: Omit<WorkerTimes, 'handedOverNs' | 'rankNs'>,
    nv12: Uint8Array,
    picture: PictureFacts | undefined,
    batchSize: number,
    figures?: PictureFigures,
  ): void {
    const numbers = this.#numbers;
    numbers[TIMES + 1] = times.startNs;
    numbers[TIMES + 2] = times.decodeNs;
    numbers[TIMES + 3] = times.preprocessNs;
    numbers[TIMES + 4] = times.batchWaitNs;
    numbers[TIMES + 5] = times.inferenceNs;
    numbers[TIMES + 6] = times.endedNs;
    numbers[TIMES + 7] = 0;
    numbers[RANKED_SCORES] = 0;
    numbers[NV12_OFFSET] = nv12.byteOffset;
    numbers[NV12_BYTES] = nv12.byteLength;
    numbers[WIDTH_PX] = picture?.widthPx ?? 0;
    numbers[HEIGHT_PX] = picture?.heightPx ?? 0;
    numbers[BATCH_SIZE] = batchSize;
    numbers[HAS_FIGURES] = figures === undefined ? 0 : 1;
    if (figures !== undefined) {
      const { brightness, contrast, sharpness, flatShare, contentHash } = figures;
      numbers.set([brightness, contrast, sharpness, flatShare, contentHash], FIGURES);
    }
    numbers[NOTES] = picture === undefined ? 0 : bitsOf(picture.notes);
  }

  /** Called by the worker after {@link report}: ranks the scores as the main thread asked for it. */
  rank(logits: Float32Array): void {
    const numbers = this.#numbers;
    const k = numbers[WANTED_SCORES] ?? 0;
    if (k === 0) return;
    const startNs = monotonicNs();
    const activation = numbers[OF_LOGITS] === 1 ? 'logits' : 'probabilities';
    const entries = topK(logits, k, activation, numbers[TEMPERATURE]);
    for (let place = 0; place < entries.length; place++) {
      numbers[RANKED + 2 * place] = entries[place]?.index ?? 0;
      numbers[RANKED + 2 * place + 1] = entries[place]?.score ?? 0;
    }
    numbers[RANKED_SCORES] = entries.length;
    numbers[TIMES + 7] = monotonicNs() - startNs;
  }

  /** What {@link rank} found; undefined if the worker ranked nothing. */
  ranked(): readonly TopKEntry[] | undefined {
    const numbers = this.#numbers;
    const endAt = RANKED + 2 * (numbers[RANKED_SCORES] ?? 0);
    if (endAt === RANKED) return undefined;
    const entries: TopKEntry[] = [];
    for (let at = RANKED; at < endAt; at += 2) {
      entries.push({ index: numbers[at] ?? 0, score: numbers[at + 1] ?? 0 });
    }
    return entries;
  }

  // By index: an iterator allocates an object per number.
  times(): WorkerTimes {
    const numbers = this.#numbers;
    return {
      handedOverNs: numbers[TIMES] ?? 0,
      startNs: numbers[TIMES + 1] ?? 0,
      decodeNs: numbers[TIMES + 2] ?? 0,
      preprocessNs: numbers[TIMES + 3] ?? 0,
      batchWaitNs: numbers[TIMES + 4] ?? 0,
      inferenceNs: numbers[TIMES + 5] ?? 0,
      endedNs: numbers[TIMES + 6] ?? 0,
      rankNs: numbers[TIMES + 7] ?? 0,
    };
  }

  /** Frames in this frame's task. */
  get batchSize(): number {
    return this.#numbers[BATCH_SIZE] ?? 0;
  }

  /** Measurements of the picture; undefined if it was not measured. */
  figures(): PictureFigures | undefined {
    const numbers = this.#numbers;
    if (numbers[HAS_FIGURES] !== 1) return undefined;
    return {
      brightness: numbers[FIGURES] ?? 0,
      contrast: numbers[FIGURES + 1] ?? 0,
      sharpness: numbers[FIGURES + 2] ?? 0,
      flatShare: numbers[FIGURES + 3] ?? 0,
      contentHash: numbers[FIGURES + 4] ?? 0,
    };
  }

  /** Facts on a compressed frame; zeros for a raw one. */
  picture(): PictureFacts {
    const bits = this.#numbers[NOTES] ?? 0;
    return {
      widthPx: this.#numbers[WIDTH_PX] ?? 0,
      heightPx: this.#numbers[HEIGHT_PX] ?? 0,
      notes: bits === 0 ? NO_NOTES : PICTURE_NOTES.filter((_, index) => (bits & (1 << index)) !== 0),
    };
  }

  /** A copy of the NV12 that the worker left in `memory`. */
  copyNv12(memory: WebAssembly.Memory): Uint8Array {
    // Growing by 0 pages makes this thread see memory that the worker has grown.
    memory.grow(0);
    return new Uint8Array(memory.buffer, this.#numbers[NV12_OFFSET], this.#numbers[NV12_BYTES]).slice();
  }
}

function bitsOf(notes: readonly PictureNote[]): number {
  return PICTURE_NOTES.reduce((bits, note, index) => (notes.includes(note) ? bits | (1 << index) : bits), 0);
}
