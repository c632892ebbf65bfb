import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type ChipPlan, chipPlan, chipRegion, chipRows } from '../image/chipPlan.js';
import type { CompressedImageFrame, ImageFrame } from '../image/ImageFrame.js';
import { boxRegion, type RegionBox, wholeRegion } from '../image/PictureRegion.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { type FramePlan, planFrame, planRows, type RowPlan } from '../image/planFrame.js';
import { roiRegion } from '../image/Roi.js';
import { COPY_ALIGNMENT_BYTES, type FrameShape } from '../image/SlotLayout.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { HandoverSlot } from './HandoverSlot.js';
import { RegionRecord } from './RegionRecord.js';
import type { Ranking } from './topK.js';
import type { FrameDescriptor, SetupMessage } from './workerProtocol.js';

/** Frame descriptors that are retained: a camera sends the same kind of frame again and again. */
const RETAINED_DESCRIPTORS = 64;
const NO_BOXES: readonly RegionBox[] = [];

/**
 * A raw frame's plan: a conversion program, or all of its rows if regions are classified. Compressed frames are planned
 * by the worker, once their size is known.
 */
export type HandoverPlan = FramePlan | RowPlan | undefined;

/** @throws EffvitError BAD_IMAGE if the frame cannot be read. */
export function planHandover(
  frame: ImageFrame,
  options: PreprocessOptions,
  hasRegions = false,
): HandoverPlan {
  if (frame.kind !== 'raw') return undefined;
  return hasRegions ? planRows(frame) : planFrame(frame, options);
}

/** A frame to be handed over. */
export interface HandedOver {
  readonly frame: ImageFrame;
  /** From {@link planHandover}, for the same options. */
  readonly plan: HandoverPlan;
  readonly preprocess: PreprocessOptions;
  /** Regions to classify, up to MAX_REGIONS; absent: the whole frame. */
  readonly boxes?: readonly RegionBox[] | undefined;
  /** The scores that the worker ranks; absent: none. */
  readonly ranking?: Ranking | undefined;
}

/** The main thread's side of one worker's slots: copies each frame once and describes it to the worker. */
export class FrameHandover {
  /** Whether the worker's device crops and scales, so that it takes several regions of a picture as one task. */
  hasResizer = false;
  /** To be transferred to the worker. */
  readonly workerPort: MessagePort;
  readonly #port: MessagePort;
  readonly #slots: HandoverSlot[] = [];
  /** Descriptor numbers by plan (shared by frames of one shape), or by the description of the frame. */
  readonly #numbers = new Map<FramePlan | ChipPlan | string, number>();
  #nextNumber = 0;
  /** The options in the latest descriptors that contain options. */
  #describedOptions: PreprocessOptions | undefined;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.workerPort = port2;
  }

  /** The first free slot; a new one if all are in use. */
  acquireSlot(): HandoverSlot {
    const slot = this.#slots.find(({ isFree }) => isFree) ?? this.#addSlot();
    slot.isFree = false;
    return slot;
  }

  /**
   * Copies the needed bytes into the slot.
   *
   * @param classCount of the worker's model: the scores of regions are stored with the regions.
   * @returns time of the handover on the monotonic clock, which is the end of copying.
   * @throws EffvitError BAD_IMAGE, INTERNAL if memory is short.
   */
  write(slot: HandoverSlot, handed: HandedOver, classCount: number): number {
    const { frame, preprocess, boxes = NO_BOXES, ranking } = handed;
    slot.chip = undefined;
    slot.note = undefined;
    const descriptor = this.#copy(slot, handed);
    this.#noteOnChip(slot, frame, preprocess);
    if (boxes.length > 0) this.#regionsFor(slot, boxes.length, classCount).describe(boxes);
    const handedOverNs = monotonicNs();
    slot.record.describe(descriptor, frame.data.length, handedOverNs, {
      regionCount: boxes.length,
      isOnDevice: slot.isOnDevice,
      ranking,
    });
    return handedOverNs;
  }

  /** Copies frames of this slot into the device's memory from now on. */
  adopt(slot: number, device: Uint8Array): void {
    const adopting = this.#slots[slot];
    if (adopting !== undefined) adopting.device = device;
  }

  close(): void {
    // The worker owned this memory.
    for (const slot of this.#slots) slot.device = undefined;
    this.#port.close();
  }

  #addSlot(): HandoverSlot {
    const slot = new HandoverSlot(this.#slots.length);
    const { number, bytes, record } = slot;
    this.#slots.push(slot);
    this.#send({ kind: 'slot', slot: number, memory: bytes.memory, record: record.buffer });
    return slot;
  }

  /** @returns the number of the frame's descriptor. */
  #copy(slot: HandoverSlot, { frame, plan, preprocess, boxes = NO_BOXES }: HandedOver): number {
    if (frame.kind === 'compressed') return this.#copyCompressed(slot, frame, preprocess);
    if (boxes.length > 0) return this.#copyRows(slot, frame.data, planRows(frame), preprocess, boxes);
    const framePlan = plan !== undefined && 'program' in plan ? plan : planFrame(frame, preprocess);
    return this.#copyWhole(slot, frame.data, framePlan, preprocess);
  }

  #copyWhole(slot: HandoverSlot, data: Uint8Array, plan: FramePlan, options: PreprocessOptions): number {
    const chip = this.hasResizer ? chipPlan(plan.shape, options) : undefined;
    if (typeof chip === 'object') {
      const { shape, region, lengthBytes, isNarrowed } = chip;
      if (isNarrowed) slot.note = 'chip_narrowed';
      slot.copyForChip(data, { ...chip, seen: { region, options } });
      return this.#numberOf(chip, () => ({ kind: 'chip', plan: { shape, region, lengthBytes } }));
    }
    slot.bytes.copyFrom(data, plan);
    return this.#numberOf(plan, () => ({ kind: 'raw', program: plan.program }));
  }

  /** Copies all rows, from which the worker reads the regions. */
  #copyRows(
    slot: HandoverSlot,
    data: Uint8Array,
    plan: RowPlan,
    preprocess: PreprocessOptions,
    boxes: readonly RegionBox[],
  ): number {
    const { shape: frame } = plan;
    this.#forgetOtherOptions(preprocess);
    const size = `${frame.widthPx} ${frame.heightPx} ${frame.strideBytes}`;
    if (this.hasResizer && boxes.every((box) => isForChip(frame, box, preprocess))) {
      const rows = chipRows(frame);
      const { shape, lengthBytes } = rows;
      slot.copyForChip(data, rows);
      return this.#numberOf(`chip ${size}`, () => ({
        kind: 'chip_rows',
        frame,
        rows: { shape, lengthBytes },
        preprocess,
      }));
    }
    slot.bytes.copyFrom(data, plan);
    const key = `rows\n${frame.encoding} ${size} ${frame.isBigEndian}`;
    return this.#numberOf(key, () => ({ kind: 'rows', shape: frame, preprocess }));
  }

  #copyCompressed(slot: HandoverSlot, frame: CompressedImageFrame, preprocess: PreprocessOptions): number {
    const { source, format, origin } = frame;
    const lengthBytes = frame.data.length;
    const whole = { sourceOffsetBytes: 0, slotOffsetBytes: 0, lengthBytes };
    slot.bytes.copyFrom(frame.data, { segments: [whole], slotBytes: lengthBytes + COPY_ALIGNMENT_BYTES });
    this.#forgetOtherOptions(preprocess);
    return this.#numberOf(`${origin}\n${format}\n${source}`, () => ({
      kind: 'compressed',
      source,
      format,
      ...(origin !== undefined && { origin }),
      preprocess,
    }));
  }

  #noteOnChip(
    slot: HandoverSlot,
    frame: ImageFrame,
    { resizeOn, widthPx, heightPx }: PreprocessOptions,
  ): void {
    if (!this.hasResizer || resizeOn !== 'bpu' || slot.chip !== undefined) return;
    const isPrepared = frame.kind === 'raw' && frame.widthPx === widthPx && frame.heightPx === heightPx;
    if (!isPrepared) slot.note = 'cpu_resized';
  }

  #forgetOtherOptions(options: PreprocessOptions): void {
    if (this.#describedOptions !== options) this.#numbers.clear();
    this.#describedOptions = options;
  }

  /** The slot's memory for regions; allocated if there is none or too little. */
  #regionsFor(slot: HandoverSlot, count: number, classCount: number): RegionRecord {
    if (slot.regions !== undefined && slot.regions.capacity >= count) return slot.regions;
    const made = new RegionRecord(RegionRecord.capacityFor(count), classCount);
    slot.regions = made;
    const { capacity, buffer: record } = made;
    this.#send({ kind: 'regions', slot: slot.number, capacity, classCount, record });
    return made;
  }

  #numberOf(key: FramePlan | ChipPlan | string, describe: () => FrameDescriptor): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#numbers.size >= RETAINED_DESCRIPTORS) this.#numbers.clear();
    const number = this.#nextNumber++;
    const forgetEarlier = this.#numbers.size === 0;
    this.#send({ kind: 'descriptor', number, descriptor: describe(), forgetEarlier });
    this.#numbers.set(key, number);
    return number;
  }

  #send(message: SetupMessage): void {
    this.#port.postMessage(message);
  }
}

/** Whether the chip can crop the box, clipped to the frame. True for invalid boxes, which the worker refuses. */
function isForChip(shape: FrameShape, box: RegionBox, options: PreprocessOptions): boolean {
  const { widthPx, heightPx } = shape;
  const roi = roiRegion(options.roi, widthPx, heightPx);
  const region = boxRegion(box, roi?.region ?? wholeRegion(widthPx, heightPx));
  return typeof region === 'string' || typeof chipRegion(shape, region, options) === 'object';
}
