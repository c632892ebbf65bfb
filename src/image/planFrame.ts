import { EffvitError } from '../core/EffvitError.js';
import { encodingProblem, readableEncoding } from './encodingNames.js';
import { encodingTraits } from './encodingTraits.js';
import type { RawImageFrame } from './ImageFrame.js';
import { type KernelProgram, kernelProgram } from './KernelProgram.js';
import { PADDING_BYTES, SLOT_BASE_BYTES } from './KernelTables.js';
import type { PreprocessOptions } from './PreprocessOptions.js';
import { formatRoi, roiRegion } from './Roi.js';
import { rowStride, stepProblem } from './rowStride.js';
import {
  COPY_ALIGNMENT_BYTES,
  type FrameShape,
  type SlotSegment,
  slotLayout,
  wholeRows,
} from './SlotLayout.js';

/** How a frame's rows are copied to a slot. Frozen and shared by all frames of the same shape. */
export interface RowPlan {
  /** The frame as it is read. */
  readonly shape: FrameShape;
  readonly segments: readonly SlotSegment[];
  /** Required slot size: the copied rows, the result and the tables. */
  readonly slotBytes: number;
}

/** All steps for one frame. */
export interface FramePlan extends RowPlan {
  /** The kernel's work as data; the worker needs nothing else ({@link Nv12Converter.convert}). */
  readonly program: KernelProgram;
}

/** Slots have at most 1 GiB, far more than any camera's frame. */
export const MAX_SLOT_BYTES = 2 ** 30 - SLOT_BASE_BYTES - COPY_ALIGNMENT_BYTES;
const MAX_SIDE_PX = 65535;

/** Cached plans per options: cameras repeat their shape, and ever new shapes must not leak memory. */
const KEPT_PLANS = 64;

function refuse(frame: RawImageFrame, reason: string): EffvitError {
  return new EffvitError('BAD_IMAGE', `The image from ${frame.source || 'an unnamed source'} ${reason}.`, {
    context: { source: frame.source },
  });
}

function checkSide(frame: RawImageFrame, name: string, sidePx: number): void {
  if (Number.isInteger(sidePx) && sidePx >= 1 && sidePx <= MAX_SIDE_PX) return;
  throw refuse(frame, `has a ${name} of ${sidePx} where 1 to ${MAX_SIDE_PX} pixels are possible`);
}

function checkedShape(frame: RawImageFrame): FrameShape {
  const { widthPx, heightPx, strideBytes: stepBytes, isBigEndian } = frame;
  const encoding = readableEncoding(frame.encoding);
  if (encoding === undefined) throw refuse(frame, encodingProblem(frame.encoding));
  checkSide(frame, 'width', widthPx);
  checkSide(frame, 'height', heightPx);
  const traits = encodingTraits(encoding);
  if (traits.family === 'bayer' && (widthPx < 2 || heightPx < 2)) {
    throw refuse(
      frame,
      `is ${widthPx}x${heightPx}, but a Bayer pattern (${encoding}) needs at least 2x2 pixels`,
    );
  }
  const claim = { traits, widthPx, heightPx, stepBytes, dataBytes: frame.data.length };
  const strideBytes = rowStride(claim);
  if (strideBytes === undefined) throw refuse(frame, stepProblem(claim, encoding));
  return { encoding, widthPx, heightPx, strideBytes, isBigEndian };
}

/** Plans by frame shape; the oldest is evicted if there are too many. */
class PlanCache<Plan> {
  readonly #plans = new Map<string, Plan>();

  of(key: string, make: () => Plan): Plan {
    const kept = this.#plans.get(key);
    if (kept !== undefined) return kept;
    const plan = make();
    if (this.#plans.size >= KEPT_PLANS) {
      const oldest = this.#plans.keys().next().value;
      if (oldest !== undefined) this.#plans.delete(oldest);
    }
    this.#plans.set(key, plan);
    return plan;
  }
}

const plansByOptions = new WeakMap<PreprocessOptions, PlanCache<FramePlan>>();
const rowPlans = new PlanCache<RowPlan>();

function keyOf({ encoding, widthPx, heightPx, strideBytes, isBigEndian }: FrameShape): string {
  return `${encoding} ${widthPx} ${heightPx} ${strideBytes} ${isBigEndian}`;
}

function checkSlotBytes(frame: RawImageFrame, shape: FrameShape, slotBytes: number): void {
  if (slotBytes <= MAX_SLOT_BYTES) return;
  const { widthPx, heightPx, encoding } = shape;
  throw refuse(
    frame,
    `(${widthPx}x${heightPx} ${encoding}) needs ${slotBytes} bytes of memory where ${MAX_SLOT_BYTES} are allowed`,
  );
}

/**
 * Checks a frame and determines which of its bytes are needed. The first frame of a shape costs some 100 us, further
 * ones about 1 us.
 *
 * @throws EffvitError BAD_IMAGE: unsupported encoding, impossible size, a step that fits neither rows nor data, empty
 *   roi.
 */
export function planFrame(frame: RawImageFrame, options: PreprocessOptions): FramePlan {
  const shape = checkedShape(frame);
  let plans = plansByOptions.get(options);
  if (plans === undefined) {
    plans = new PlanCache();
    plansByOptions.set(options, plans);
  }
  return plans.of(keyOf(shape), () => {
    const { roi } = options;
    if (roi !== undefined && roiRegion(roi, frame.widthPx, frame.heightPx) === undefined) {
      throw refuse(
        frame,
        `(${frame.widthPx}x${frame.heightPx}) has nothing of the roi ${formatRoi(roi)}: give one that lies in it, in pixels or in fractions`,
      );
    }
    const layout = slotLayout(shape, options);
    const program = kernelProgram(layout);
    const { slotBytes } = program;
    checkSlotBytes(frame, shape, slotBytes);
    return Object.freeze({
      shape: Object.freeze(shape),
      program: Object.freeze(program),
      segments: Object.freeze(layout.segments),
      slotBytes,
    });
  });
}

/**
 * Checks a frame with regions, and plans the copy of all its rows.
 *
 * @throws EffvitError BAD_IMAGE as {@link planFrame}; the roi is ignored.
 */
export function planRows(frame: RawImageFrame): RowPlan {
  const shape = checkedShape(frame);
  return rowPlans.of(keyOf(shape), () => {
    const { segments, inputBytes } = wholeRows(shape);
    const slotBytes = inputBytes + PADDING_BYTES;
    checkSlotBytes(frame, shape, slotBytes);
    return Object.freeze({ shape: Object.freeze(shape), segments: Object.freeze(segments), slotBytes });
  });
}
