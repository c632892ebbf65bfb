import type { PictureFigures } from '../image/PictureFigures.js';
import { PICTURE_NOTES, type PictureNote } from '../image/pictureNotes.js';

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
/** Even, so that the 64-bit times after the words are aligned. */
const WORD_COUNT = 12;
const TIME_COUNT = 7;
const FIGURE_COUNT = 5;
const TIMES_OFFSET_BYTES = WORD_COUNT * Int32Array.BYTES_PER_ELEMENT;
const FIGURES_OFFSET_BYTES = TIMES_OFFSET_BYTES + TIME_COUNT * Float64Array.BYTES_PER_ELEMENT;
const RECORD_BYTES = FIGURES_OFFSET_BYTES + FIGURE_COUNT * Float64Array.BYTES_PER_ELEMENT;

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

  /** On the main thread without an argument; on the worker over the main thread's {@link buffer}. */
  constructor(buffer = new SharedArrayBuffer(RECORD_BYTES)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, WORD_COUNT);
    this.#times = new Float64Array(buffer, TIMES_OFFSET_BYTES, TIME_COUNT);
    this.#figures = new Float64Array(buffer, FIGURES_OFFSET_BYTES, FIGURE_COUNT);
  }

  /** Called by the main thread: describes the content of the slot. */
  describe(
    descriptor: number,
    payloadBytes: number,
    handedOverNs: number,
    { regionCount, isOnDevice }: { readonly regionCount: number; readonly isOnDevice: boolean },
  ): void {
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
    times: Omit<WorkerTimes, 'handedOverNs'>,
    nv12: Uint8Array,
    picture: PictureFacts | undefined,
    batchSize: number,
    figures?: PictureFigures,
  ): void {
    const { startNs, decodeNs, preprocessNs, batchWaitNs, inferenceNs, endedNs } = times;
    this.#times.set([startNs, decodeNs, preprocessNs, batchWaitNs, inferenceNs, endedNs], 1);
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
    this.#words[NOTES] = PICTURE_NOTES.reduce(
      (bits, note, index) => (picture?.notes.includes(note) ? bits | (1 << index) : bits),
      0,
    );
  }

  times(): WorkerTimes {
    const [
      handedOverNs = 0,
      startNs = 0,
      decodeNs = 0,
      preprocessNs = 0,
      batchWaitNs = 0,
      inferenceNs = 0,
      endedNs = 0,
    ] = this.#times;
    return { handedOverNs, startNs, decodeNs, preprocessNs, batchWaitNs, inferenceNs, endedNs };
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
      notes: bits === 0 ? [] : PICTURE_NOTES.filter((_, index) => (bits & (1 << index)) !== 0),
    };
  }

  /** A copy of the NV12 that the worker left in `memory`. */
  copyNv12(memory: WebAssembly.Memory): Uint8Array {
    // Growing by 0 pages makes this thread see memory that the worker has grown.
    memory.grow(0);
    return new Uint8Array(memory.buffer, this.#words[NV12_OFFSET], this.#words[NV12_BYTES]).slice();
  }
}
