import {
  type Affine,
  applyAffine,
  greyToLuma,
  RGB_TO_YUV,
  type RgbWeights,
  rangeConversion,
} from './bt601.js';
import { type ColumnTables, columnTables, runOf, type WeightedRun } from './columnTables.js';
import { KernelTables, PADDING_BYTES, SLOT_BASE_BYTES, SlotAllocator } from './KernelTables.js';
import * as F from './kernelFields.js';
import { isMeasurable, type MeasuredPart } from './PictureFigures.js';
import type { SlotLayout } from './SlotLayout.js';
import { SourceRowPlan, type SourceRows } from './SourceRowPlan.js';
import { evened } from './TensorOptions.js';

/** The kernel's parameters for frames of one layout, and their place in the slot. Offsets are slot offsets. */
export interface KernelProgram {
  readonly nv12Offset: number;
  readonly nv12Bytes: number;
  /** The fields of kernelFields.ts, then the tables that they point to; copied to `tablesOffset` before a call. */
  readonly tables: Uint8Array;
  readonly tablesOffset: number;
  readonly slotBytes: number;
  /** Present if the picture is measured. */
  readonly measured?: MeasuredPart;
}

class ProgramBuilder {
  readonly #layout: SlotLayout;
  readonly #allocator: SlotAllocator;
  readonly #tables = new KernelTables();
  readonly #sources: SourceRowPlan;

  constructor(layout: SlotLayout, freeFromByte: number) {
    this.#layout = layout;
    this.#allocator = new SlotAllocator(layout.isPassThrough ? 0 : freeFromByte);
    this.#sources = new SourceRowPlan(layout, this.#allocator, this.#tables);
  }

  build(): KernelProgram {
    const { options, geometry, isPassThrough, traits } = this.#layout;
    const [widthPx, heightPx] = [evened(options.widthPx), evened(options.heightPx)];
    const nv12Bytes = (widthPx * heightPx * 3) / 2;
    const nv12Offset = this.#allocator.allocate(nv12Bytes);
    if (isPassThrough) {
      const slotBytes = this.#allocator.end;
      const tables = new Uint8Array();
      return { nv12Offset, nv12Bytes, tables, tablesOffset: 0, slotBytes, ...this.#measured() };
    }
    const { innerWidthPx, innerHeightPx } = geometry;
    this.#tables.set(F.INNER_WIDTH, innerWidthPx);
    this.#tables.set(F.INNER_HEIGHT, innerHeightPx);
    this.#tables.set(F.INNER_LEFT, geometry.innerLeftPx);
    this.#tables.set(F.INNER_TOP, geometry.innerTopPx);
    this.#tables.set(F.OUT_WIDTH, widthPx);
    this.#tables.set(F.OUT_HEIGHT, heightPx);
    this.#tables.setAddress(F.NV12, nv12Offset);
    this.#tables.setAddress(F.LUMA_ROW, this.#allocator.allocate(widthPx));
    this.#tables.setAddress(F.CHROMA_ROW, this.#allocator.allocate(widthPx));
    this.#tables.set(F.HAS_BORDER, innerWidthPx < widthPx || innerHeightPx < heightPx ? 1 : 0);
    this.#tables.set(F.BORDER_LUMA, applyAffine(greyToLuma(options.range), options.padValue));
    switch (traits.family) {
      case 'colour':
      case 'bayer':
        this.#describePixels();
        break;
      case 'mono':
        this.#describeGrey();
        break;
      case 'yuv422':
      case 'semiPlanar':
      case 'planar':
        this.#describeYuv();
        break;
    }
    const placed = this.#tables.finish(this.#allocator);
    return { nv12Offset, nv12Bytes, ...placed, slotBytes: this.#allocator.end, ...this.#measured() };
  }

  #measured(): Pick<KernelProgram, 'measured'> {
    const { options, geometry } = this.#layout;
    const measured: MeasuredPart = {
      leftPx: geometry.innerLeftPx,
      topPx: geometry.innerTopPx,
      widthPx: geometry.innerWidthPx,
      heightPx: geometry.innerHeightPx,
      strideBytes: evened(options.widthPx),
      range: options.range,
    };
    return options.isMeasured && isMeasurable(measured) ? { measured } : {};
  }

  #describePixels(): void {
    const { traits, tapsX, tapsY, options } = this.#layout;
    const isPacked8 = traits.family === 'colour' && traits.channelBytes === 1;
    const pixelBytes = traits.family === 'colour' ? traits.channels : 4;
    const isFused = tapsX.maxCount <= 2 && tapsY.maxCount <= 2;
    const source = isPacked8 ? this.#sources.inPlace(0, 0) : this.#sources.unpacked(pixelBytes);
    const runs = Array.from(tapsX.firsts, (_, index) =>
      runOf(tapsX, index, 0, 1, -this.#sources.firstColumn),
    );
    const columns = columnTables(runs);
    this.#tables.set(F.PIXEL_BYTES, pixelBytes);
    this.#tables.set(F.IS_FUSED, isFused ? 1 : 0);
    this.#describeRows(F.LUMA_PLANE, source, 0);
    // Rows are read as bytes if weighed in one step with the columns, else as 16-bit words.
    this.#describeColumns(F.LUMA_PLANE, columns, runs.length, pixelBytes * (isFused ? 1 : 2));
    this.#setWeighedRow(F.LUMA_PLANE, source, columns);
    const isBgr = traits.family === 'colour' && traits.isBgr;
    const matrix = RGB_TO_YUV[options.range];
    const setWeights = (field: number, { r, g, b, bias }: RgbWeights) => {
      this.#tables.set(field, ...(isBgr ? [b, g, r] : [r, g, b]), bias);
    };
    setWeights(F.WEIGHTS_Y, matrix.y);
    setWeights(F.WEIGHTS_U, matrix.u);
    setWeights(F.WEIGHTS_V, matrix.v);
  }

  #describeGrey(): void {
    const { traits, options } = this.#layout;
    const isPacked8 = traits.family === 'mono' && traits.channelBytes === 1;
    const source = isPacked8 ? this.#sources.inPlace(0, 0) : this.#sources.unpacked(1);
    this.#describeChannel(source, 1, -this.#sources.firstColumn, greyToLuma(options.range));
  }

  #describeYuv(): void {
    const { traits, tapsX, planes, options, geometry } = this.#layout;
    const { luma, chroma } = rangeConversion(options.sourceRange, options.range);
    // Outputs are U, V, U, V ... of the even columns of the result.
    const columns = Array.from(tapsX.firsts, (_, index) => index).filter(
      (index) => (geometry.innerLeftPx + index) % 2 === 0,
    );
    const runsOf = (shift: number, pitch: number, offsets: readonly number[]) =>
      columns.flatMap((index) => offsets.map((offset) => runOf(tapsX, index, shift, pitch, offset)));
    const firstBytes = planes.map((plane) => plane.firstByte);
    const lumaRows = this.#sources.inPlace(0, 0);
    if (traits.family === 'yuv422') {
      const first = firstBytes[0] ?? 0;
      this.#describeChannel(lumaRows, 2, traits.yByte - first, luma);
      this.#tables.set(F.CHROMA, 1);
      const runs = runsOf(1, 4, [traits.uByte - first, traits.vByte - first]);
      this.#describeChroma(columnTables(runs), runs.length, chroma);
      this.#tables.set(F.CHROMA_PLANE + F.WEIGHED_ROW, this.#tables.get(F.LUMA_PLANE + F.WEIGHED_ROW));
    } else if (traits.family === 'semiPlanar') {
      const first = firstBytes[1] ?? 0;
      this.#describeChannel(lumaRows, 1, -this.#sources.firstColumn, luma);
      const runs = runsOf(traits.chromaShift, 2, [traits.uByte - first, 1 - traits.uByte - first]);
      const rows = this.#sources.inPlace(1, traits.chromaShift);
      this.#describeChromaPlane(rows, traits.chromaShift, runs, chroma);
    } else if (traits.family === 'planar') {
      const first = firstBytes[1] ?? 0;
      this.#describeChannel(lumaRows, 1, -this.#sources.firstColumn, luma);
      // A row of one plane and the following row of the other count as one row.
      const single = this.#sources.inPlace(1, 1);
      const twin = this.#sources.inPlace(2, 1);
      const distanceBytes = (twin.offsets[0] ?? 0) - (single.offsets[0] ?? 0);
      const rows = { ...single, byteCount: distanceBytes + single.byteCount };
      const offsets = [-first, distanceBytes - first];
      const runs = runsOf(1, 1, traits.uPlane === 1 ? offsets : offsets.reverse());
      this.#describeChromaPlane(rows, 1, runs, chroma);
    }
  }

  /** Describes chroma that is not in the rows of the luma. */
  #describeChromaPlane(rows: SourceRows, shift: number, runs: readonly WeightedRun[], affine: Affine): void {
    const tables = columnTables(runs);
    this.#tables.set(F.CHROMA, 2);
    this.#describeRows(F.CHROMA_PLANE, rows, shift);
    this.#describeChroma(tables, runs.length, affine);
    this.#setWeighedRow(F.CHROMA_PLANE, rows, tables);
  }

  /** Describes the luma (or grey) channel: values `pitch` apart, the value of column 0 at `offset`. */
  #describeChannel(source: SourceRows, pitch: number, offset: number, affine: Affine): void {
    const { tapsX } = this.#layout;
    const runs = Array.from(tapsX.firsts, (_, index) => runOf(tapsX, index, 0, pitch, offset));
    const tables = columnTables(runs);
    this.#describeRows(F.LUMA_PLANE, source, 0);
    this.#describeColumns(F.LUMA_PLANE, tables, runs.length, 2);
    this.#setWeighedRow(F.LUMA_PLANE, source, tables);
    this.#setAffine(F.LUMA_PLANE, affine);
  }

  #describeChroma(tables: ColumnTables, outputs: number, affine: Affine): void {
    this.#describeColumns(F.CHROMA_PLANE, tables, outputs, 2);
    this.#setAffine(F.CHROMA_PLANE, affine);
  }

  #setAffine(plane: number, { gain, bias }: Affine): void {
    this.#tables.set(plane + F.GAIN, gain);
    this.#tables.set(plane + F.BIAS, bias);
  }

  #describeColumns(plane: number, tables: ColumnTables, outputs: number, valueBytes: number): void {
    this.#tables.set(plane + F.OUTPUTS, outputs);
    this.#tables.set(plane + F.COLUMN_PAIRS, tables.pairs);
    this.#tables.setTable(
      plane + F.COLUMN_OFFSETS,
      tables.firsts.map((first) => first * valueBytes),
    );
    this.#tables.setTable(plane + F.COLUMN_WEIGHTS, tables.weights);
  }

  #setWeighedRow(plane: number, source: SourceRows, tables: ColumnTables): void {
    // Runs padded with zeros read beyond the end of the row.
    const beyond = 16 * tables.pairs;
    this.#tables.setAddress(plane + F.WEIGHED_ROW, this.#allocator.allocate(2 * source.byteCount + beyond));
  }

  /** Describes the vertical taps; the weights of rows that share a row of subsampled chroma are added. */
  #describeRows(plane: number, source: SourceRows, shift: number): void {
    const { tapsY } = this.#layout;
    const runs = Array.from(tapsY.firsts, (_, index) => runOf(tapsY, index, shift, 1, 0));
    const rankOf = new Map(source.rows.map((row, rank) => [row, rank]));
    const maxCount = Math.max(...runs.map((run) => run.weights.length));
    const weights = new Uint16Array(runs.length * maxCount);
    runs.forEach((run, index) => {
      weights.set(run.weights, index * maxCount);
    });
    this.#tables.setTable(
      plane + F.ROW_FIRSTS,
      Int32Array.from(runs, (run) => rankOf.get(run.first) ?? 0),
    );
    this.#tables.setTable(
      plane + F.ROW_COUNTS,
      Int32Array.from(runs, (run) => run.weights.length),
    );
    this.#tables.setTable(plane + F.ROW_WEIGHTS, weights);
    this.#tables.set(plane + F.ROW_WEIGHTS_BYTES, 2 * maxCount);
    this.#tables.set(plane + F.ROW_BYTES, source.byteCount);
    const addresses = source.offsets.map((offset) => SLOT_BASE_BYTES + offset);
    this.#tables.setTable(plane + F.ROW_ADDRESSES, Int32Array.from(addresses));
  }
}

/**
 * The kernel's program for frames of one layout; building it takes some 100 us.
 *
 * @param freeFromByte slot offset after the rows, or after the results of other programs that must be kept.
 */
export function kernelProgram(
  layout: SlotLayout,
  freeFromByte = layout.inputBytes + PADDING_BYTES,
): KernelProgram {
  return new ProgramBuilder(layout, freeFromByte).build();
}
