import {
  type AxisTaps,
  axisTaps,
  HORIZONTAL_WEIGHT_SUM,
  type Interval,
  positionsOf,
  spanOf,
  VERTICAL_WEIGHT_SUM,
} from './AxisTaps.js';
import {
  chromaPlane,
  type EncodingTraits,
  encodingTraits,
  hasChromaPlanes,
  type RawEncoding,
} from './encodingTraits.js';
import type { PictureRegion } from './PictureRegion.js';
import type { PreprocessOptions } from './PreprocessOptions.js';
import { type ResizedAxis, type ResizeGeometry, resizeGeometry } from './ResizeGeometry.js';
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

function scaled({ begin, end }: Interval, factor: number): Interval {
  return { begin: begin * factor, end: end * factor };
}

/** The samples of `1 << shift` columns each. */
function subsampled({ begin, end }: Interval, shift: number): Interval {
  return { begin: begin >> shift, end: ((end - 1) >> shift) + 1 };
}

/** Byte range of the columns in a row of the first plane. */
function rowBytes(traits: EncodingTraits, columns: Interval, widthPx: number): Interval {
  switch (traits.family) {
    case 'colour':
      return scaled(columns, traits.channels * traits.channelBytes);
    case 'mono':
      return scaled(columns, traits.channelBytes);
    case 'bayer':
      return scaled(
        { begin: Math.max(0, columns.begin - 1), end: Math.min(widthPx, columns.end + 1) },
        traits.channelBytes,
      );
    case 'yuv':
      return traits.planes === 1 ? scaled(subsampled(columns, 1), 4) : columns;
  }
}

type Frame = Pick<SlotRows, 'shape' | 'traits'>;

/** The needed part of a plane, or of two of the same form, whose rows are placed in turns. */
interface PlaneNeed {
  readonly offsetsBytes: readonly number[];
  readonly strideBytes: number;
  /** Rows of the whole plane, and those that are needed, ascending. */
  readonly rowCount: number;
  readonly rows: readonly number[];
  readonly bytes: Interval;
}

function planeNeeds({ shape, traits }: Frame, columns: Interval, rows: readonly number[]): PlaneNeed[] {
  const { widthPx, heightPx, strideBytes } = shape;
  const bytes = rowBytes(traits, columns, widthPx);
  const first = { offsetsBytes: [0], strideBytes, rowCount: heightPx, rows, bytes };
  if (traits.family === 'bayer') {
    // Bilinear demosaicing reads one pixel around.
    const around = new Set(rows.flatMap((row) => [row - 1, row, row + 1]));
    return [{ ...first, rows: [...around].filter((row) => row >= 0 && row < heightPx) }];
  }
  if (!hasChromaPlanes(traits)) return [first];
  const { planes, shiftX, shiftY } = traits;
  const chroma = chromaPlane(traits, strideBytes, heightPx);
  const rowCount = chroma.rows / (planes - 1);
  const offsetBytes = strideBytes * heightPx;
  const second = {
    offsetsBytes: planes === 2 ? [offsetBytes] : [offsetBytes, offsetBytes + rowCount * chroma.strideBytes],
    strideBytes: chroma.strideBytes,
    rowCount,
    rows: [...new Set(rows.map((row) => row >> shiftY))],
    bytes: scaled(subsampled(columns, shiftX), planes === 2 ? 2 : 1),
  };
  return [first, second];
}

/** Places the needed rows one after the other; unless `isTight`, with the bytes between if copying these is cheaper. */
function packRows(needs: readonly PlaneNeed[], isTight = false) {
  const mergeGapBytes = isTight ? 0 : MERGE_GAP_BYTES;
  const segments: { -readonly [Field in keyof SlotSegment]: number }[] = [];
  let inputBytes = 0;
  const place = (sourceOffsetBytes: number, lengthBytes: number, mayMerge: boolean): number => {
    const last = segments.at(-1);
    const gap = last === undefined ? 0 : sourceOffsetBytes - (last.sourceOffsetBytes + last.lengthBytes);
    if (last !== undefined && mayMerge && gap <= mergeGapBytes) {
      last.lengthBytes += gap + lengthBytes;
      inputBytes += gap;
    } else {
      if (!isTight) inputBytes += (sourceOffsetBytes - inputBytes) & (COPY_ALIGNMENT_BYTES - 1);
      segments.push({ sourceOffsetBytes, slotOffsetBytes: inputBytes, lengthBytes });
    }
    inputBytes += lengthBytes;
    return inputBytes - lengthBytes;
  };
  const planes = needs.flatMap(({ offsetsBytes, strideBytes, rowCount, rows, bytes }): PlaneWindow[] => {
    const byteCount = bytes.end - bytes.begin;
    const windows = offsetsBytes.map((offsetBytes) => ({
      firstSourceByte: offsetBytes + bytes.begin,
      rowOffsets: new Int32Array(rowCount).fill(-1),
    }));
    for (const row of rows) {
      for (const { firstSourceByte, rowOffsets } of windows) {
        // The kernel treats rows of two planes as one row, because their distance is the same in every row.
        rowOffsets[row] = place(firstSourceByte + row * strideBytes, byteCount, windows.length === 1);
      }
    }
    return windows.map(({ rowOffsets }) => ({ firstByte: bytes.begin, byteCount, rowOffsets }));
  });
  return { segments, planes, inputBytes };
}

/** How a region is resized, as if it were the whole picture, and what is needed for it; taps count from the frame's edges. */
function resizedRegion({ shape, traits }: Frame, region: PictureRegion, options: PreprocessOptions) {
  const geometry = resizeGeometry(region.widthPx, region.heightPx, options);
  const { x, y, filter } = geometry;
  const taps = (axis: ResizedAxis, sourceBegin: number, sourceLength: number, weightSum: number) => {
    const { scaledPx: scaledLength, cropPx: begin, innerPx: count } = axis;
    return axisTaps({ sourceBegin, sourceLength, scaledLength, begin, count, filter, weightSum });
  };
  const tapsX = taps(x, region.leftPx, region.widthPx, HORIZONTAL_WEIGHT_SUM);
  const tapsY = taps(y, region.topPx, region.heightPx, VERTICAL_WEIGHT_SUM);
  const needs = planeNeeds({ shape, traits }, spanOf(tapsX), positionsOf(tapsY));
  return { resize: { options, geometry, tapsX, tapsY }, needs };
}

/** The intersection of roi and picture. @throws RangeError if it is empty; planFrame rejects such a frame. */
export function regionOf({ widthPx, heightPx }: FrameShape, { roi }: PreprocessOptions): PictureRegion {
  const found = roiRegion(roi, widthPx, heightPx);
  if (found === undefined) throw new RangeError('nothing of the picture lies in the roi');
  return found.region;
}

/** The layout of frames of one shape. `shape` has been checked. */
export function slotLayout(shape: FrameShape, options: PreprocessOptions): SlotLayout {
  const traits = encodingTraits(shape.encoding);
  const region = regionOf(shape, options);
  const { resize, needs } = resizedRegion({ shape, traits }, region, options);
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
  return { shape, traits, ...resize, isPassThrough, ...packRows(needs, isPassThrough) };
}

/** All rows of a frame, for regions that are not known yet. `shape` has been checked. */
export function wholeRows(shape: FrameShape): SlotRows {
  const traits = encodingTraits(shape.encoding);
  const rows = Array.from({ length: shape.heightPx }, (_, row) => row);
  return {
    shape,
    traits,
    ...packRows(planeNeeds({ shape, traits }, { begin: 0, end: shape.widthPx }, rows)),
  };
}

/** The layout to read one region from rows that are already in the slot. */
export function regionLayout(rows: SlotRows, region: PictureRegion, options: PreprocessOptions): SlotLayout {
  const { resize, needs } = resizedRegion(rows, region, options);
  // Two planes of chroma have the same need.
  const planes = rows.planes.map((plane, index) => narrowedWindow(plane, needs[index] ?? needs.at(-1)));
  return { ...rows, ...resize, isPassThrough: false, planes };
}

function narrowedWindow(plane: PlaneWindow, need: PlaneNeed | undefined): PlaneWindow {
  if (need === undefined) return plane;
  const { begin, end } = need.bytes;
  const rowOffsets = new Int32Array(need.rowCount).fill(-1);
  for (const row of need.rows) rowOffsets[row] = (plane.rowOffsets[row] ?? 0) + begin - plane.firstByte;
  return { firstByte: begin, byteCount: end - begin, rowOffsets };
}
