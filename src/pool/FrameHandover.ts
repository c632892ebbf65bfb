import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { EffvitError } from '../core/EffvitError.js';
import { type ChipPlan, chipPlan, chipRegion, chipRows } from '../image/chipPlan.js';
import { nv12AsChip } from '../image/chipResizer.js';
import { FrameSlot } from '../image/FrameSlot.js';
import type { CompressedImageFrame, ImageFrame, RawImageFrame } from '../image/ImageFrame.js';
import { boxRegion, type RegionBox, wholeRegion } from '../image/PictureRegion.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { PictureNote } from '../image/pictureNotes.js';
import { type FramePlan, planFrame, planRows, type RowPlan } from '../image/planFrame.js';
import { roiRegion } from '../image/Roi.js';
import { COPY_ALIGNMENT_BYTES, type FrameShape } from '../image/SlotLayout.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { FrameRecord } from './FrameRecord.js';
import { type RegionReading, RegionRecord } from './RegionRecord.js';
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

interface Slot {
  readonly bytes: FrameSlot;
  readonly record: FrameRecord;
  /** Undefined until a frame in this slot had regions. */
  regions: RegionRecord | undefined;
  isFree: boolean;
  /** Device memory for the pictures of this slot; undefined until the worker has reported it. */
  device: Uint8Array | undefined;
  /** Rows of the last frame, if the device crops and scales it. */
  chip: ChipRows | undefined;
  /** A note on how the last frame is resized. */
  note: PictureNote | undefined;
}

/** Rows in the layout that the device reads. */
type ChipRows = Pick<ChipPlan, 'shape' | 'segments' | 'lengthBytes'> & {
  /** For a whole frame: the part that the network sees. */
  readonly seen?: { readonly region: ChipPlan['region']; readonly options: PreprocessOptions };
};

/** A frame to be handed over. */
export interface HandedOver {
  readonly frame: ImageFrame;
  readonly plan: HandoverPlan;
  readonly preprocess: PreprocessOptions;
  /** Regions to classify, up to MAX_REGIONS; absent: the whole frame. */
  readonly boxes?: readonly RegionBox[];
  /** The scores that the worker ranks; absent: none. */
  readonly ranking?: Ranking | undefined;
}

/** The main thread's side of one worker's slots: copies each frame once and describes it to the worker. */
export class FrameHandover {
  /** Whether the worker's device crops and scales. */
  hasResizer = false;
  /** To be transferred to the worker. */
  readonly workerPort: MessagePort;
  readonly #port: MessagePort;
  readonly #slots: Slot[] = [];
  /** Descriptor numbers by plan (shared by frames of one shape), or by the description of a compressed frame. */
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
  acquireSlot(): number {
    const free = this.#slots.findIndex(({ isFree }) => isFree);
    const slot = free < 0 ? this.#addSlot() : free;
    this.#slot(slot).isFree = false;
    return slot;
  }

  releaseSlot(slot: number): void {
    this.#slot(slot).isFree = true;
  }

  /**
   * Copies the needed bytes into the slot.
   *
   * @param classCount of the worker's model: the scores of regions are stored with the regions.
   * @returns time of the handover on the monotonic clock, which is the end of copying.
   * @throws EffvitError BAD_IMAGE, INTERNAL if memory is short.
   */
  write(slot: number, handed: HandedOver, classCount: number): number {
    const { frame, plan, preprocess, boxes = NO_BOXES, ranking } = handed;
    const into = this.#slot(slot);
    into.chip = undefined;
    into.note = undefined;
    let descriptor: number;
    if (frame.kind === 'compressed') {
      descriptor = this.#writeCompressed(into.bytes, frame, preprocess);
    } else if (boxes.length > 0) {
      descriptor = this.#writeRows(into, frame, preprocess, boxes);
    } else {
      const framePlan = plan !== undefined && 'program' in plan ? plan : planFrame(frame, preprocess);
      descriptor = this.#writeRaw(into, frame, framePlan, preprocess);
    }
    this.#noteOnChip(into, frame, preprocess);
    const isOnDevice = into.chip !== undefined && isRoomFor(into.chip, into.device);
    if (boxes.length > 0) this.#regionsFor(slot, boxes.length, classCount).describe(boxes);
    const handedOverNs = monotonicNs();
    into.record.describe(descriptor, frame.data.length, handedOverNs, {
      regionCount: boxes.length,
      isOnDevice,
      ranking,
    });
    return handedOverNs;
  }

  /** Readings of the first `count` regions of the last frame in the slot. */
  readRegions(slot: number, count: number): RegionReading[] {
    const { regions } = this.#slot(slot);
    return Array.from({ length: count }, (_, place) => regions?.read(place) ?? { status: 'pending' });
  }

  record(slot: number): FrameRecord {
    return this.#slot(slot).record;
  }

  /** A copy of the NV12 that the worker made of the last frame in the slot. */
  copyNv12(slot: number): Uint8Array {
    const { bytes, record, chip, device } = this.#slot(slot);
    if (chip?.seen === undefined) return record.copyNv12(bytes.memory);
    const rows = record.isOnDevice && device !== undefined ? device : bytes.copied(chip.lengthBytes);
    return nv12AsChip(rows, chip.shape, chip.seen.region, chip.seen.options);
  }

  /** A note on the last frame in the slot. */
  note(slot: number): PictureNote | undefined {
    return this.#slot(slot).note;
  }

  /** Sets the device memory for the pictures of a slot. */
  adopt(slot: number, device: Uint8Array): void {
    this.#slot(slot).device = device;
  }

  close(): void {
    // The worker owned this memory.
    for (const slot of this.#slots) slot.device = undefined;
    this.#port.close();
  }

  #slot(slot: number): Slot {
    const found = this.#slots[slot];
    if (found === undefined) {
      throw new EffvitError('INTERNAL', `There is no slot ${slot}; this is a defect of effvit.`);
    }
    return found;
  }

  #addSlot(): number {
    const slot = this.#slots.length;
    const added: Slot = {
      bytes: FrameSlot.create(),
      record: new FrameRecord(),
      regions: undefined,
      isFree: true,
      device: undefined,
      chip: undefined,
      note: undefined,
    };
    this.#slots.push(added);
    this.#send({ kind: 'slot', slot, memory: added.bytes.memory, record: added.record.buffer });
    return slot;
  }

  #writeRaw(slot: Slot, frame: RawImageFrame, plan: FramePlan, options: PreprocessOptions): number {
    const chip = this.hasResizer ? chipPlan(plan.shape, options) : undefined;
    if (typeof chip === 'object') {
      const { shape, region, lengthBytes, isNarrowed } = chip;
      if (isNarrowed) slot.note = 'chip_narrowed';
      this.#copyForChip(slot, frame, { ...chip, seen: { region, options } });
      return this.#numberOf(chip, () => ({ kind: 'chip', plan: { shape, region, lengthBytes } }));
    }
    slot.bytes.copyFrom(frame.data, plan);
    return this.#numberOf(plan, () => ({ kind: 'raw', program: plan.program }));
  }

  /** Copies all rows, from which the worker reads the regions. */
  #writeRows(
    slot: Slot,
    frame: RawImageFrame,
    preprocess: PreprocessOptions,
    boxes: readonly RegionBox[],
  ): number {
    const plan = planRows(frame);
    this.#forgetOtherOptions(preprocess);
    const { encoding, widthPx, heightPx, strideBytes, isBigEndian } = plan.shape;
    if (this.hasResizer && boxes.every((box) => isForChip(plan.shape, box, preprocess))) {
      const rows = chipRows(plan.shape);
      this.#copyForChip(slot, frame, rows);
      const { shape, lengthBytes } = rows;
      return this.#numberOf(`chip ${widthPx} ${heightPx} ${strideBytes}`, () => ({
        kind: 'chip_rows',
        frame: plan.shape,
        rows: { shape, lengthBytes },
        preprocess,
      }));
    }
    slot.bytes.copyFrom(frame.data, plan);
    return this.#numberOf(`rows\n${encoding} ${widthPx} ${heightPx} ${strideBytes} ${isBigEndian}`, () => ({
      kind: 'rows',
      shape: plan.shape,
      preprocess,
    }));
  }

  /** Copies the frame once: into the device's memory, or into the slot until the device has such memory. */
  #copyForChip(slot: Slot, frame: RawImageFrame, rows: ChipRows): void {
    slot.chip = rows;
    const { bytes, device } = slot;
    if (device === undefined || !isRoomFor(rows, device)) {
      bytes.copyFrom(frame.data, { segments: rows.segments, slotBytes: rows.lengthBytes });
      return;
    }
    for (const { sourceOffsetBytes, slotOffsetBytes, lengthBytes } of rows.segments) {
      device.set(frame.data.subarray(sourceOffsetBytes, sourceOffsetBytes + lengthBytes), slotOffsetBytes);
    }
  }

  #noteOnChip(slot: Slot, frame: ImageFrame, { resizeOn, widthPx, heightPx }: PreprocessOptions): void {
    if (!this.hasResizer || resizeOn !== 'bpu' || slot.chip !== undefined) return;
    const isPrepared = frame.kind === 'raw' && frame.widthPx === widthPx && frame.heightPx === heightPx;
    if (!isPrepared) slot.note = 'cpu_resized';
  }

  #writeCompressed(bytes: FrameSlot, frame: CompressedImageFrame, options: PreprocessOptions): number {
    const { source, format, origin } = frame;
    const lengthBytes = frame.data.length;
    const whole = { sourceOffsetBytes: 0, slotOffsetBytes: 0, lengthBytes };
    bytes.copyFrom(frame.data, { segments: [whole], slotBytes: lengthBytes + COPY_ALIGNMENT_BYTES });
    this.#forgetOtherOptions(options);
    return this.#numberOf(`${origin}\n${format}\n${source}`, () => ({
      kind: 'compressed',
      source,
      format,
      ...(origin === undefined ? {} : { origin }),
      preprocess: options,
    }));
  }

  #forgetOtherOptions(options: PreprocessOptions): void {
    if (this.#describedOptions !== options) this.#numbers.clear();
    this.#describedOptions = options;
  }

  /** The slot's memory for regions; allocated if there is none or too little. */
  #regionsFor(slot: number, count: number, classCount: number): RegionRecord {
    const kept = this.#slot(slot).regions;
    if (kept !== undefined && kept.capacity >= count) return kept;
    const made = new RegionRecord(RegionRecord.capacityFor(count), classCount);
    this.#slot(slot).regions = made;
    this.#send({ kind: 'regions', slot, capacity: made.capacity, classCount, record: made.buffer });
    return made;
  }

  #numberOf(key: FramePlan | ChipPlan | string, describe: () => FrameDescriptor): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#numbers.size >= RETAINED_DESCRIPTORS) this.#numbers.clear();
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const forgetEarlier = this.#numbers.size === 0;
    this.#send({ kind: 'descriptor', number, descriptor: describe(), forgetEarlier });
    this.#numbers.set(key, number);
    return number;
  }

  #send(message: SetupMessage): void {
    this.#port.postMessage(message);
  }
}

function isRoomFor({ lengthBytes }: ChipRows, device: Uint8Array | undefined): boolean {
  return device !== undefined && device.length >= lengthBytes;
}

/** Whether the chip can crop the box, clipped to the frame. True for invalid boxes, which the worker refuses. */
function isForChip(shape: FrameShape, box: RegionBox, options: PreprocessOptions): boolean {
  const { widthPx, heightPx } = shape;
  const roi = options.roi === undefined ? undefined : roiRegion(options.roi, widthPx, heightPx);
  const region = boxRegion(box, roi?.region ?? wholeRegion(widthPx, heightPx));
  return typeof region === 'string' || typeof chipRegion(shape, region, options) === 'object';
}
