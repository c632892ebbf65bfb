import {
  CHIP_STRIDE_BYTES,
  chipProblem,
  chipStep,
  chipStride,
  LARGEST_STEP,
  type Nv12Shape,
} from './chipResizer.js';
import type { PictureRegion } from './PictureRegion.js';
import type { PreprocessOptions } from './PreprocessOptions.js';
import { type ResizedAxis, resizeGeometry } from './ResizeGeometry.js';
import { type FrameShape, regionOf, type SlotSegment } from './SlotLayout.js';

/** How rows of a frame are copied to the memory of a device that crops and scales itself. */
export interface ChipRows {
  /** The copied rows, as a picture of their own. */
  readonly shape: Nv12Shape;
  readonly segments: readonly SlotSegment[];
  readonly lengthBytes: number;
}

/** The same for a whole frame. Shared by all frames of one shape. */
export interface ChipPlan extends ChipRows {
  /** In the picture of the copied rows. */
  readonly region: PictureRegion;
  /** The region is smaller than in the options, because the chip cannot shrink more. */
  readonly isNarrowed: boolean;
}

/**
 * With `bpu`, a region that is too large is narrowed to the largest one that the chip accepts, but not below this
 * share.
 */
const LEAST_NARROWED = 0.9;

const plans = new WeakMap<FrameShape, ChipPlan | string>();

/**
 * The plan of a frame whose region the chip crops and scales, or why the CPU has to.
 *
 * @param shape of a frame's plan for these options: every such plan has its own shape object.
 */
export function chipPlan(shape: FrameShape, options: PreprocessOptions): ChipPlan | string {
  const known = plans.get(shape);
  if (known !== undefined) return known;
  const found = chipRegion(shape, regionOf(shape, options), options);
  const planned = ({ region, isNarrowed }: Exclude<typeof found, string>): ChipPlan => {
    const rows = chipRows(shape, region.topPx, region.heightPx);
    return Object.freeze({ ...rows, region: { ...region, topPx: 0 }, isNarrowed });
  };
  const plan = typeof found === 'string' ? found : planned(found);
  plans.set(shape, plan);
  return plan;
}

/** Rows of an nv12 frame in the chip's layout. @param topPx even. @param heightPx even. */
export function chipRows(shape: FrameShape, topPx = 0, heightPx = shape.heightPx): ChipRows {
  const { widthPx } = shape;
  const isAligned = shape.strideBytes % CHIP_STRIDE_BYTES === 0;
  const strideBytes = isAligned ? shape.strideBytes : chipStride(widthPx);
  const copied = { widthPx, heightPx, strideBytes };
  const segments = rowSegments(shape, topPx, copied);
  return { shape: copied, segments, lengthBytes: (strideBytes * heightPx * 3) / 2 };
}

/** The region that the chip crops for a part of a frame, or why the CPU has to. */
export function chipRegion(
  { widthPx, heightPx, encoding }: FrameShape,
  part: PictureRegion,
  options: PreprocessOptions,
): Pick<ChipPlan, 'region' | 'isNarrowed'> | string {
  if (options.resizeOn === 'cpu') return 'resize_on is cpu';
  if (encoding !== 'nv12') return `the chip reads nv12, not ${encoding}`;
  if (options.sourceRange !== options.range) return 'the chip converts no range of YUV';
  if (widthPx % 2 !== 0 || heightPx % 2 !== 0) return 'the chip reads no pictures of odd sizes';
  const isWhole = part.widthPx === widthPx && part.heightPx === heightPx;
  if (isWhole && widthPx === options.widthPx && heightPx === options.heightPx)
    return 'it has the size already';
  const geometry = resizeGeometry(part.widthPx, part.heightPx, options);
  if (geometry.x.innerPx < options.widthPx || geometry.y.innerPx < options.heightPx) {
    return 'the chip adds no borders (letterbox)';
  }
  if (options.resizeOn === 'auto' && options.filter !== 'auto' && options.filter !== 'bilinear') {
    return 'the chip is bilinear alone';
  }
  const x = chipSpan(part.leftPx, part.widthPx, geometry.x, options.widthPx, widthPx);
  const y = chipSpan(part.topPx, part.heightPx, geometry.y, options.heightPx, heightPx);
  const isNarrowed = x.isNarrowed || y.isNarrowed;
  if (isNarrowed && options.resizeOn === 'auto') return 'the chip shrinks less than four to one';
  const region = { leftPx: x.begin, topPx: y.begin, widthPx: x.length, heightPx: y.length };
  const picture = { widthPx, heightPx, strideBytes: chipStride(widthPx) };
  const problem = chipProblem(picture, region, options);
  return problem === undefined ? { region, isNarrowed } : `its region ${problem}`;
}

/**
 * The even pixel range of one axis that the chip maps to the ends of the result: it starts and ends half an output
 * pixel inside the part that the result covers.
 */
function chipSpan(
  beginPx: number,
  lengthPx: number,
  { scaledPx, cropPx }: ResizedAxis,
  resultPx: number,
  sourcePx: number,
) {
  const scale = lengthPx / scaledPx;
  const first = beginPx + (cropPx + 0.5) * scale - 0.5;
  const wantedPx = (resultPx - 1) * scale + 1;
  let length = Math.max(2, 2 * Math.round(wantedPx / 2));
  const step = chipStep(length, resultPx);
  const isNarrowed = step > LARGEST_STEP;
  if (isNarrowed) {
    const most = 2 * Math.floor((((resultPx - 1) * LARGEST_STEP) / 65536 + 1) / 2);
    if (most >= LEAST_NARROWED * length) length = most;
  }
  const begin = 2 * Math.round((first + (wantedPx - length) / 2) / 2);
  return { begin: Math.min(Math.max(begin, 0), sourcePx - length), length, isNarrowed };
}

/** Rows of luma and of chroma from a first row on; one copy if the frame's row layout is that of the chip. */
function rowSegments(shape: FrameShape, topPx: number, copied: Nv12Shape): ChipPlan['segments'] {
  const planes = [
    { rows: copied.heightPx, first: topPx, sourceRow: 0, slotRow: 0 },
    { rows: copied.heightPx / 2, first: topPx / 2, sourceRow: shape.heightPx, slotRow: copied.heightPx },
  ];
  return planes.flatMap(({ rows, first, sourceRow, slotRow }) => {
    const isWhole = copied.strideBytes === shape.strideBytes;
    const [count, perCopy] = isWhole ? [1, rows] : [rows, 1];
    return Array.from({ length: count }, (_, index) => ({
      sourceOffsetBytes: (sourceRow + first + index) * shape.strideBytes,
      slotOffsetBytes: (slotRow + index) * copied.strideBytes,
      // The last row may end with its last pixel.
      lengthBytes: (perCopy - 1) * shape.strideBytes + copied.widthPx,
    }));
  });
}
