import { type AxisTaps, longestRun, spanOf } from './AxisTaps.js';
import {
  type Affine,
  applyAffine,
  greyToLuma,
  RGB_TO_YUV,
  type RgbWeights,
  rangeConversion,
} from './bt601.js';
import { columnTables, spreadRun } from './columnTables.js';
import type { EncodingTraits } from './encodingTraits.js';
import { KernelTables, PADDING_BYTES, SLOT_BASE_BYTES } from './KernelTables.js';
import * as F from './kernelFields.js';
import { isMeasurable, type MeasuredPart } from './PictureFigures.js';
import type { SlotLayout } from './SlotLayout.js';
import { firstPlaneRows, rowsInPlace, type SourceRows } from './sourceRows.js';
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
  readonly measured?: MeasuredPart | undefined;
}

class ProgramBuilder {
  readonly #layout: SlotLayout;
  readonly #tables: KernelTables;

  constructor(layout: SlotLayout, freeFromByte: number) {
    this.#layout = layout;
    this.#tables = new KernelTables(layout.isPassThrough ? 0 : freeFromByte);
  }

  build(): KernelProgram {
    const { options, geometry, isPassThrough, traits } = this.#layout;
    const tables = this.#tables;
    const [widthPx, heightPx] = [evened(options.widthPx), evened(options.heightPx)];
    const nv12Bytes = (widthPx * heightPx * 3) / 2;
    const nv12Offset = tables.allocate(nv12Bytes);
    if (isPassThrough) {
      const placed = { tables: new Uint8Array(), tablesOffset: 0, slotBytes: tables.endBytes };
      return { nv12Offset, nv12Bytes, ...placed, measured: this.#measured() };
    }
    const { x, y } = geometry;
    tables.set(F.INNER_WIDTH, x.innerPx);
    tables.set(F.INNER_HEIGHT, y.innerPx);
    tables.set(F.INNER_LEFT, x.marginPx);
    tables.set(F.INNER_TOP, y.marginPx);
    tables.set(F.OUT_WIDTH, widthPx);
    tables.set(F.OUT_HEIGHT, heightPx);
    tables.setAddress(F.NV12, nv12Offset);
    tables.setAddress(F.LUMA_ROW, tables.allocate(widthPx));
    tables.setAddress(F.CHROMA_ROW, tables.allocate(widthPx));
    tables.set(F.HAS_BORDER, x.innerPx < widthPx || y.innerPx < heightPx ? 1 : 0);
    tables.set(F.BORDER_LUMA, applyAffine(greyToLuma(options.range), options.padValue));
    const source = firstPlaneRows(this.#layout, tables);
    switch (traits.family) {
      case 'colour':
        this.#describePixels(source, traits.channels, traits.isBgr);
        break;
      case 'bayer':
        this.#describePixels(source, 4, false);
        break;
      case 'mono':
        this.#describeLuma(source, 1, -spanOf(this.#layout.tapsX).begin, greyToLuma(options.range));
        break;
      case 'yuv':
        this.#describeYuv(source, traits);
        break;
      default:
        traits satisfies never;
    }
    const placed = tables.finish();
    return { nv12Offset, nv12Bytes, ...placed, slotBytes: tables.endBytes, measured: this.#measured() };
  }

  #measured(): MeasuredPart | undefined {
    const { options, geometry } = this.#layout;
    const part = {
      leftPx: geometry.x.marginPx,
      topPx: geometry.y.marginPx,
      widthPx: geometry.x.innerPx,
      heightPx: geometry.y.innerPx,
      strideBytes: evened(options.widthPx),
      range: options.range,
    };
    return options.isMeasured && isMeasurable(part) ? part : undefined;
  }

  #describePixels(source: SourceRows, pixelBytes: number, isBgr: boolean): void {
    const { tapsX, tapsY, options } = this.#layout;
    const isFused = longestRun(tapsX) <= 2 && longestRun(tapsY) <= 2;
    const { begin } = spanOf(tapsX);
    this.#tables.set(F.PIXEL_BYTES, pixelBytes);
    this.#tables.set(F.IS_FUSED, isFused ? 1 : 0);
    this.#describeRows(F.LUMA_PLANE, source, 0);
    // Rows are read as bytes if weighed in one step with the columns, else as 16-bit words.
    const valueBytes = pixelBytes * (isFused ? 1 : 2);
    const runs = tapsX.map((run) => spreadRun(run, 0, 1, -begin));
    this.#allocateWeighedRow(F.LUMA_PLANE, source, this.#describeColumns(F.LUMA_PLANE, runs, valueBytes));
    const matrix = RGB_TO_YUV[options.range];
    const setWeights = (field: number, { r, g, b, bias }: RgbWeights) => {
      this.#tables.set(field, ...(isBgr ? [b, g, r] : [r, g, b]), bias);
    };
    setWeights(F.WEIGHTS_Y, matrix.y);
    setWeights(F.WEIGHTS_U, matrix.u);
    setWeights(F.WEIGHTS_V, matrix.v);
  }

  /** Describes the luma (or grey) channel: values `pitch` apart, the value of column 0 at `offset`. */
  #describeLuma(source: SourceRows, pitch: number, offset: number, affine: Affine): void {
    const runs = this.#layout.tapsX.map((run) => spreadRun(run, 0, pitch, offset));
    this.#describeChannels(F.LUMA_PLANE, source, 0, runs, affine);
  }

  #describeYuv(
    source: SourceRows,
    { planes, shiftX, shiftY, y, u, v }: EncodingTraits & { family: 'yuv' },
  ): void {
    const { tapsX, options, geometry } = this.#layout;
    const { luma, chroma } = rangeConversion(options.sourceRange, options.range);
    const firstByteOf = (plane: number) => this.#layout.planes[plane]?.firstByte ?? 0;
    this.#describeLuma(source, planes === 1 ? 2 : 1, y - firstByteOf(0), luma);
    // Outputs are U, V, U, V ... of the even columns of the result.
    const columns = tapsX.filter((_, index) => (geometry.x.marginPx + index) % 2 === 0);
    const runsOf = (pitch: number, offsets: readonly number[]) =>
      columns.flatMap((run) => offsets.map((offset) => spreadRun(run, shiftX, pitch, offset)));
    if (planes === 1) {
      const first = firstByteOf(0);
      this.#tables.set(F.CHROMA, 1);
      this.#describeColumns(F.CHROMA_PLANE, runsOf(4, [u - first, v - first]), 2, chroma);
      this.#tables.set(F.CHROMA_PLANE + F.WEIGHED_ROW, this.#tables.get(F.LUMA_PLANE + F.WEIGHED_ROW));
      return;
    }
    this.#tables.set(F.CHROMA, 2);
    const first = firstByteOf(1);
    let rows = rowsInPlace(this.#layout, 1);
    let sampleBytes = 1;
    if (planes === 3) {
      // A row of one plane and the following row of the other count as one row.
      sampleBytes = (rowsInPlace(this.#layout, 2).offsets[0] ?? 0) - (rows.offsets[0] ?? 0);
      rows = { ...rows, byteCount: sampleBytes + rows.byteCount };
    }
    const runs = runsOf(planes === 2 ? 2 : 1, [u * sampleBytes - first, v * sampleBytes - first]);
    this.#describeChannels(F.CHROMA_PLANE, rows, shiftY, runs, chroma);
  }

  /** Describes the outputs of single channels from rows of their own. */
  #describeChannels(plane: number, rows: SourceRows, shift: number, runs: AxisTaps, affine: Affine): void {
    this.#describeRows(plane, rows, shift);
    this.#allocateWeighedRow(plane, rows, this.#describeColumns(plane, runs, 2, affine));
  }

  /** @returns the pairs of weights of each output. */
  #describeColumns(plane: number, runs: AxisTaps, valueBytes: number, affine?: Affine): number {
    const { firsts, weights, pairs } = columnTables(runs);
    this.#tables.set(plane + F.OUTPUTS, runs.length);
    this.#tables.set(plane + F.COLUMN_PAIRS, pairs);
    this.#tables.setTable(
      plane + F.COLUMN_OFFSETS,
      firsts.map((first) => first * valueBytes),
    );
    this.#tables.setTable(plane + F.COLUMN_WEIGHTS, weights);
    if (affine !== undefined) {
      this.#tables.set(plane + F.GAIN, affine.gain);
      this.#tables.set(plane + F.BIAS, affine.bias);
    }
    return pairs;
  }

  #allocateWeighedRow(plane: number, { byteCount }: SourceRows, pairs: number): void {
    // Runs padded with zeros read beyond the end of the row.
    this.#tables.setAddress(plane + F.WEIGHED_ROW, this.#tables.allocate(2 * byteCount + 16 * pairs));
  }

  /** Describes the vertical taps; the weights of rows that share a row of subsampled chroma are added. */
  #describeRows(plane: number, source: SourceRows, shift: number): void {
    const runs = this.#layout.tapsY.map((run) => spreadRun(run, shift, 1, 0));
    const rankOf = new Map(source.rows.map((row, rank) => [row, rank]));
    const maxCount = longestRun(runs);
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
