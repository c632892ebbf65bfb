import { EffvitError } from '../core/EffvitError.js';
import { type ChipPlan, chipRegion } from '../image/chipPlan.js';
import { kernelProgram } from '../image/KernelProgram.js';
import { PADDING_BYTES } from '../image/KernelTables.js';
import type { Nv12Converter } from '../image/Nv12Converter.js';
import { type BoxProblem, boxRegion, type PictureRegion } from '../image/PictureRegion.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { roiRegion } from '../image/Roi.js';
import { type FrameShape, regionLayout, type SlotRows } from '../image/SlotLayout.js';
import type { ChipFrame } from './DevicePictures.js';
import type { FrameRecord, PictureFacts } from './FrameRecord.js';
import type { RegionRecord } from './RegionRecord.js';

const NO_BYTES = new Uint8Array(0);

/** A region in the form that the backend takes. */
export interface PreparedRegion {
  readonly region: PictureRegion;
  /** A view of the slot, valid until the first region of the next task is prepared; empty if {@link chip} is set. */
  readonly nv12: Uint8Array;
  /** Set if the device crops and scales the region. */
  readonly chip?: ChipFrame | undefined;
}

/** Rows from which the device crops regions. */
export interface ChipRegions {
  readonly slot: number;
  readonly frame: FrameShape;
  readonly rows: Pick<ChipPlan, 'shape' | 'lengthBytes'>;
  /** Present if they are not in the device's memory yet. */
  readonly staged?: Uint8Array | undefined;
}

export type RegionSource = { readonly rows: SlotRows } | { readonly chip: ChipRegions };

/** A frame with regions in a slot, on the worker's side. */
export interface ReceivedRegionsOptions {
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

/** A frame whose rows are in a slot, with the boxes to classify; each box is one run of the NV12 kernel. */
export class ReceivedRegions {
  readonly kind = 'regions';
  readonly options: ReceivedRegionsOptions;
  /** Undefined if the roi does not overlap the picture. */
  readonly #bounds: PictureRegion | undefined;
  readonly #firstFreeByte: number;
  #freeFromByte: number;
  /** Whether the rows were passed to the device. */
  #isStaged = false;

  constructor(options: ReceivedRegionsOptions) {
    this.options = options;
    const { source, preprocess } = options;
    const { widthPx, heightPx } = 'rows' in source ? source.rows.shape : source.chip.frame;
    this.#bounds = roiRegion(preprocess.roi, widthPx, heightPx)?.region;
    this.#firstFreeByte = 'rows' in source ? source.rows.inputBytes + PADDING_BYTES : 0;
    this.#freeFromByte = this.#firstFreeByte;
  }

  /** Whether the device crops the regions. */
  get isOnChip(): boolean {
    return 'chip' in this.options.source;
  }

  /**
   * Makes the NV12 of the region at a place, or returns why its box is invalid.
   *
   * @param isFirstOfTask whether the NV12 of earlier regions may be overwritten.
   * @throws EffvitError INTERNAL if memory is short.
   */
  prepare(place: number, isFirstOfTask: boolean): PreparedRegion | BoxProblem {
    const { source, converter, preprocess } = this.options;
    const box = this.options.regions.boxOf(place);
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
    const found = chipRegion(frame, region, this.options.preprocess);
    if (typeof found === 'string')
      throw new EffvitError('BAD_IMAGE', `The region is not the chip's: ${found}.`);
    const isFirst = !this.#isStaged;
    this.#isStaged = true;
    return { slot, plan: { ...rows, region: found.region }, staged: isFirst ? staged : undefined };
  }
}
