import { type AxisTaps, axisTaps, HORIZONTAL_WEIGHT_SUM, VERTICAL_WEIGHT_SUM } from './AxisTaps.js';
import { chromaPlane, type EncodingTraits, encodingTraits } from './encodingTraits.js';
import type { RawEncoding } from './ImageFrame.js';
import { type PictureRegion, wholeRegion } from './PictureRegion.js';
import type { PreprocessOptions } from './PreprocessOptions.js';
import { type ResizeGeometry, resizeGeometry } from './ResizeGeometry.js';
import { roiRegion } from './Roi.js';

/** Properties of a frame except its pixels; equal shapes share one plan. */
export interface FrameShape {
  readonly encoding: RawEncoding;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly strideBytes: number;
  readonly isBigEndian: boolean;
}

/** A run of bytes that is copied from the frame's data into the slot. */
export interface SlotSegment {
  readonly sourceOffsetBytes: number;
  readonly slotOffsetBytes: number;
  readonly lengthBytes: number;
}

/** The rows of one plane in the slot. */
export interface PlaneWindow {
  /** First copied byte of a row, and the length of the copied part. */
  readonly firstByte: number;
  readonly byteCount: number;
  /** Slot offset of `firstByte` of each row of the plane; -1 for rows that are not needed. */
  readonly rowOffsets: Int32Array;
}

/** The rows of a frame in a slot. */
export interface SlotRows {
  readonly shape: FrameShape;
  readonly traits: EncodingTraits;
  readonly segments: readonly SlotSegment[];
  readonly planes: readonly PlaneWindow[];
  /** Bytes of the slot that the copied rows fill. */
  readonly inputBytes: number;
}

/** Everything that is derived from a shape and the options. */
export interface SlotLayout extends SlotRows {
  readonly options: PreprocessOptions;
  readonly geometry: ResizeGeometry;
  readonly tapsX: AxisTaps;
  readonly tapsY: AxisTaps;
  /** The frame already is the required NV12 and is packed at offset 0. */
  readonly isPassThrough: boolean;
}

/** Rows with a smaller gap are copied together: a copy's fixed cost is that of about this many bytes. */
const MERGE_GAP_BYTES = 4096;

/**
 * V8 copies to shared memory by words if source and target are equally aligned, else byte by byte, which is 8x slower.
 */
export const COPY_ALIGNMENT_BYTES = 8;

interface Interval {
  readonly begin: number;
  readonly end: number;
}

/** Taps over the frame's columns and rows, as if the region were the whole picture. */
function tapsOfBothAxes(region: PictureRegion, geometry: ResizeGeometry) {
  const { filter } = geometry;
  const tapsX = axisTaps({
    sourceLength: region.widthPx,
    scaledLength: geometry.scaledWidthPx,
    begin: geometry.cropLeftPx,
    count: geometry.innerWidthPx,
    filter,
    weightSum: HORIZONTAL_WEIGHT_SUM,
  });
  const tapsY = axisTaps({
    sourceLength: region.heightPx,
    scaledLength: geometry.scaledHeightPx,
    begin: geometry.cropTopPx,
    count: geometry.innerHeightPx,
    filter,
    weightSum: VERTICAL_WEIGHT_SUM,
  });
  return { tapsX: shifted(tapsX, region.leftPx), tapsY: shifted(tapsY, region.topPx) };
}

function shifted(taps: AxisTaps, by: number): AxisTaps {
  return by === 0 ? taps : { ...taps, firsts: taps.firsts.map((first) => first + by) };
}

function neededColumns(taps: AxisTaps): Interval {
  const last = taps.firsts.length - 1;
  // Taps never move backwards along the axis.
  return { begin: taps.firsts[0] ?? 0, end: (taps.firsts[last] ?? 0) + (taps.counts[last] ?? 0) };
}

function neededRows(taps: AxisTaps, heightPx: number): Uint8Array {
  const isNeeded = new Uint8Array(heightPx);
  taps.firsts.forEach((first, index) => {
    isNeeded.fill(1, first, first + (taps.counts[index] ?? 0));
  });
  return isNeeded;
}

/** The rows of chroma, subsampled by two, of these rows of luma. */
function halved(isNeeded: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.ceil(isNeeded.length / 2));
  isNeeded.forEach((value, row) => {
    if (value === 1) result[row >> 1] = 1;
  });
  return result;
}

/** Adds neighbours: bilinear demosaicing reads one pixel around. */
function dilated(isNeeded: Uint8Array): Uint8Array {
  return isNeeded.map((value, index) => value | (isNeeded[index - 1] ?? 0) | (isNeeded[index + 1] ?? 0));
}

function scaled({ begin, end }: Interval, factor: number): Interval {
  return { begin: begin * factor, end: end * factor };
}

/** Byte range of the columns in a row of the first plane. */
function rowBytes(traits: EncodingTraits, columns: Interval, widthPx: number): Interval {
  switch (traits.family) {
    case 'colour':
      return scaled(columns, traits.channels * traits.channelBytes);
    case 'mono':
      return scaled(columns, traits.channelBytes);
    case 'bayer': {
      const dilatedColumns = {
        begin: Math.max(0, columns.begin - 1),
        end: Math.min(widthPx, columns.end + 1),
      };
      return scaled(dilatedColumns, traits.channelBytes);
    }
    case 'yuv422':
      return { begin: 4 * Math.floor(columns.begin / 2), end: 4 * Math.ceil(columns.end / 2) };
    case 'semiPlanar':
    case 'planar':
      return columns;
  }
}

interface PlaneNeed {
  readonly sourceOffsetBytes: number;
  readonly strideBytes: number;
  readonly isNeeded: Uint8Array;
  readonly bytes: Interval;
  /** Offset of a second plane of the same form, whose rows are placed right after those of this plane. */
  readonly twinOffsetBytes?: number;
}

function planeNeeds(
  { widthPx, heightPx, strideBytes }: FrameShape,
  traits: EncodingTraits,
  columns: Interval,
  rows: Uint8Array,
): PlaneNeed[] {
  const first: PlaneNeed = {
    sourceOffsetBytes: 0,
    strideBytes,
    isNeeded: traits.family === 'bayer' ? dilated(rows) : rows,
    bytes: rowBytes(traits, columns, widthPx),
  };
  if (traits.family !== 'planar' && traits.family !== 'semiPlanar') return [first];
  const chroma = chromaPlane(traits, strideBytes, heightPx);
  const sourceOffsetBytes = strideBytes * heightPx;
  const [shift, sampleBytes] = traits.family === 'planar' ? [1, 1] : [traits.chromaShift, 2];
  const second: PlaneNeed = {
    sourceOffsetBytes,
    strideBytes: chroma.strideBytes,
    isNeeded: shift === 1 ? halved(rows) : rows,
    bytes: scaled({ begin: columns.begin >> shift, end: ((columns.end - 1) >> shift) + 1 }, sampleBytes),
    ...(traits.family === 'planar' && {
      twinOffsetBytes: sourceOffsetBytes + (chroma.rows / 2) * chroma.strideBytes,
    }),
  };
  return [first, second];
}

interface Packing {
  readonly mergeGapBytes: number;
  readonly alignmentBytes: number;
}

const TIGHT: Packing = { mergeGapBytes: 0, alignmentBytes: 1 };
const SPACED: Packing = { mergeGapBytes: MERGE_GAP_BYTES, alignmentBytes: COPY_ALIGNMENT_BYTES };

type Segments = { sourceOffsetBytes: number; slotOffsetBytes: number; lengthBytes: number }[];

/** Bytes to add to `offset` until it is aligned like `like`. */
function misalignment(like: number, offset: number, alignmentBytes: number): number {
  // Never negative: the remainder of the difference, upwards.
  return (((like - offset) % alignmentBytes) + alignmentBytes) % alignmentBytes;
}

/** Places the needed rows one after the other, including the bytes between them if copying these too is cheaper. */
function packRows(needs: readonly PlaneNeed[], { mergeGapBytes, alignmentBytes }: Packing) {
  const segments: Segments = [];
  let inputBytes = 0;
  const place = (sourceOffsetBytes: number, lengthBytes: number): number => {
    inputBytes += misalignment(sourceOffsetBytes, inputBytes, alignmentBytes);
    const slotOffsetBytes = inputBytes;
    segments.push({ sourceOffsetBytes, slotOffsetBytes, lengthBytes });
    inputBytes += lengthBytes;
    return slotOffsetBytes;
  };
  const planes = needs.flatMap((need): PlaneWindow[] => {
    const byteCount = need.bytes.end - need.bytes.begin;
    const window = () => new Int32Array(need.isNeeded.length).fill(-1);
    const [rowOffsets, twinRowOffsets] = [window(), window()];
    need.isNeeded.forEach((value, row) => {
      if (value === 0) return;
      const inPlaneBytes = row * need.strideBytes + need.bytes.begin;
      const sourceOffsetBytes = need.sourceOffsetBytes + inPlaneBytes;
      if (need.twinOffsetBytes !== undefined) {
        // The kernel treats both as one row, because their distance is the same in every row.
        rowOffsets[row] = place(sourceOffsetBytes, byteCount);
        twinRowOffsets[row] = place(need.twinOffsetBytes + inPlaneBytes, byteCount);
        return;
      }
      const last = segments.at(-1);
      const gap = last === undefined ? 0 : sourceOffsetBytes - (last.sourceOffsetBytes + last.lengthBytes);
      if (last !== undefined && gap <= mergeGapBytes) {
        last.lengthBytes += gap + byteCount;
        rowOffsets[row] = inputBytes + gap;
        inputBytes += gap + byteCount;
      } else {
        rowOffsets[row] = place(sourceOffsetBytes, byteCount);
      }
    });
    const plane = { firstByte: need.bytes.begin, byteCount, rowOffsets };
    return need.twinOffsetBytes === undefined ? [plane] : [plane, { ...plane, rowOffsets: twinRowOffsets }];
  });
  return { segments, planes, inputBytes };
}

/** The intersection of roi and picture. @throws RangeError if it is empty; planFrame rejects such a frame. */
export function regionOf({ widthPx, heightPx }: FrameShape, { roi }: PreprocessOptions): PictureRegion {
  if (roi === undefined) return wholeRegion(widthPx, heightPx);
  const found = roiRegion(roi, widthPx, heightPx);
  if (found === undefined) throw new RangeError('nothing of the picture lies in the roi');
  return found.region;
}

/** The layout of frames of one shape. `shape` has been checked. */
export function slotLayout(shape: FrameShape, options: PreprocessOptions): SlotLayout {
  const traits = encodingTraits(shape.encoding);
  const region = regionOf(shape, options);
  const geometry = resizeGeometry(region.widthPx, region.heightPx, options);
  const { tapsX, tapsY } = tapsOfBothAxes(region, geometry);
  const isPassThrough =
    shape.encoding === 'nv12' &&
    shape.widthPx === options.widthPx &&
    shape.heightPx === options.heightPx &&
    region.widthPx === shape.widthPx &&
    region.heightPx === shape.heightPx &&
    options.sourceRange === options.range &&
    // A frame of an odd size has its chroma rounded up, but no extra luma.
    options.widthPx % 2 === 0 &&
    options.heightPx % 2 === 0;
  const needs = planeNeeds(shape, traits, neededColumns(tapsX), neededRows(tapsY, shape.heightPx));
  // A pass-through frame must have no gaps.
  const packing = isPassThrough ? TIGHT : SPACED;
  const packed = packRows(needs, packing);
  return { shape, options, traits, geometry, tapsX, tapsY, isPassThrough, ...packed };
}

/** All rows of a frame, for regions that are not known yet. `shape` has been checked. */
export function wholeRows(shape: FrameShape): SlotRows {
  const traits = encodingTraits(shape.encoding);
  const columns = { begin: 0, end: shape.widthPx };
  const needs = planeNeeds(shape, traits, columns, new Uint8Array(shape.heightPx).fill(1));
  return { shape, traits, ...packRows(needs, SPACED) };
}

/** The layout to read one region from rows that are already in the slot. */
export function regionLayout(rows: SlotRows, region: PictureRegion, options: PreprocessOptions): SlotLayout {
  const { shape, traits } = rows;
  const geometry = resizeGeometry(region.widthPx, region.heightPx, options);
  const { tapsX, tapsY } = tapsOfBothAxes(region, geometry);
  const needs = planeNeeds(shape, traits, neededColumns(tapsX), neededRows(tapsY, shape.heightPx));
  // The twin plane has the same rows and columns as the first chroma plane.
  const planes = rows.planes.map((plane, index) => narrowedWindow(plane, needs[index] ?? needs.at(-1)));
  return { ...rows, options, geometry, tapsX, tapsY, isPassThrough: false, planes };
}

function narrowedWindow(plane: PlaneWindow, need: PlaneNeed | undefined): PlaneWindow {
  if (need === undefined) return plane;
  const { begin, end } = need.bytes;
  const rowOffsets = plane.rowOffsets.map((offset, row) =>
    need.isNeeded[row] === 1 ? offset + begin - plane.firstByte : -1,
  );
  return { firstByte: begin, byteCount: end - begin, rowOffsets };
}
