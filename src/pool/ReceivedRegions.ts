import { kernelProgram } from '../image/KernelProgram.js';
import { PADDING_BYTES } from '../image/KernelTables.js';
import type { Nv12Converter } from '../image/Nv12Converter.js';
import { type BoxProblem, boxRegion, type PictureRegion, wholeRegion } from '../image/PictureRegion.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { roiRegion } from '../image/Roi.js';
import { regionLayout, type SlotRows } from '../image/SlotLayout.js';
import type { FrameRecord, PictureFacts } from './FrameRecord.js';
import type { RegionRecord } from './RegionRecord.js';

/** A region as the backend takes it. */
export interface PreparedRegion {
  readonly region: PictureRegion;
  /** A view of the slot, valid until a region is prepared as the first of a task. */
  readonly nv12: Uint8Array;
}

/** What a frame in a slot was handed over with, on the worker's side. */
export interface ReceivedRegionsOptions {
  readonly record: FrameRecord;
  readonly regions: RegionRecord;
  /** Boxes in `regions`. */
  readonly count: number;
  readonly rows: SlotRows;
  readonly converter: Nv12Converter;
  readonly preprocess: PreprocessOptions;
  readonly decodeNs: number;
  /** Of the decoded picture; absent for raw frames, whose size the main thread knows. */
  readonly picture?: PictureFacts;
}

/** A frame whose rows lie in a slot, and the boxes of it that are to be classified: each is one pass of the kernel. */
export class ReceivedRegions {
  readonly kind = 'regions';
  readonly record: FrameRecord;
  readonly regions: RegionRecord;
  readonly count: number;
  readonly decodeNs: number;
  readonly picture: PictureFacts | undefined;
  readonly #options: ReceivedRegionsOptions;
  /** Undefined where the roi leaves nothing of the picture. */
  readonly #bounds: PictureRegion | undefined;
  readonly #firstFreeByte: number;
  #freeFromByte: number;

  constructor(options: ReceivedRegionsOptions) {
    const { record, regions, count, rows, preprocess, decodeNs, picture } = options;
    this.record = record;
    this.regions = regions;
    this.count = count;
    this.decodeNs = decodeNs;
    this.picture = picture;
    this.#options = options;
    const { widthPx, heightPx } = rows.shape;
    const { roi } = preprocess;
    this.#bounds =
      roi === undefined ? wholeRegion(widthPx, heightPx) : roiRegion(roi, widthPx, heightPx)?.region;
    this.#firstFreeByte = rows.inputBytes + PADDING_BYTES;
    this.#freeFromByte = this.#firstFreeByte;
  }

  /**
   * Makes the NV12 of the region at a place, or says why its box is none.
   *
   * @param isFirstOfTask the NV12 of regions before it is needed no more.
   * @throws EffvitError INTERNAL where memory is short.
   */
  prepare(place: number, isFirstOfTask: boolean): PreparedRegion | BoxProblem {
    const { rows, converter, preprocess } = this.#options;
    const box = this.regions.boxOf(place);
    const region = this.#bounds === undefined ? 'outside' : boxRegion(box, this.#bounds);
    if (typeof region === 'string') return region;
    if (isFirstOfTask) this.#freeFromByte = this.#firstFreeByte;
    const program = kernelProgram(regionLayout(rows, region, preprocess), this.#freeFromByte);
    this.#freeFromByte = program.slotBytes;
    return { region, nv12: converter.convert(program) };
  }
}
