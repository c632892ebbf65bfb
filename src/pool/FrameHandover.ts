import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { EffvitError } from '../core/EffvitError.js';
import { FrameSlot } from '../image/FrameSlot.js';
import type { CompressedImageFrame, ImageFrame, RawImageFrame } from '../image/ImageFrame.js';
import type { RegionBox } from '../image/PictureRegion.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { type FramePlan, planFrame, planRows, type RowPlan } from '../image/planFrame.js';
import { COPY_ALIGNMENT_BYTES } from '../image/SlotLayout.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { FrameRecord } from './FrameRecord.js';
import { type RegionReading, RegionRecord } from './RegionRecord.js';
import type { FrameDescriptor, SetupMessage } from './workerProtocol.js';

/** Kinds of frames that are remembered: cameras repeat theirs. */
const RETAINED_DESCRIPTORS = 64;

/**
 * A raw frame's plan: by a program, or, for its regions, of all of its rows. Compressed frames are planned by the worker,
 * once their size is known.
 */
export type HandoverPlan = FramePlan | RowPlan | undefined;

/** @throws EffvitError BAD_IMAGE where the frame cannot be read. */
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
  /** Once a frame in it had regions. */
  regions: RegionRecord | undefined;
  isFree: boolean;
}

/** A frame to be handed over. */
export interface HandedOver {
  readonly frame: ImageFrame;
  readonly plan: HandoverPlan;
  readonly preprocess: PreprocessOptions;
  /** The regions of it that are to be classified, up to MAX_REGIONS; absent: all of it is. */
  readonly boxes?: readonly RegionBox[];
}

/** The main thread's side of one worker's slots: the one copy of a frame, and a word on what it is. */
export class FrameHandover {
  /** For the worker, to be transferred. */
  readonly workerPort: MessagePort;
  readonly #port: MessagePort;
  readonly #slots: Slot[] = [];
  /** By plan, which frames of one shape share, or by what a compressed frame says of itself. */
  readonly #numbers = new Map<FramePlan | string, number>();
  #nextNumber = 0;
  /** The options by which frames were described last whose descriptors hold them. */
  #describedOptions: PreprocessOptions | undefined;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.workerPort = port2;
  }

  /** The first slot that holds no frame; made where all of them do. */
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
   * @param classCount of the worker's model: regions have their scores beside them.
   * @returns when the frame was handed over, by the monotonic clock: copying ends there.
   * @throws EffvitError BAD_IMAGE, INTERNAL where memory is short.
   */
  write(slot: number, { frame, plan, preprocess, boxes = [] }: HandedOver, classCount: number): number {
    const { bytes, record } = this.#slot(slot);
    let descriptor: number;
    if (frame.kind === 'compressed') {
      descriptor = this.#writeCompressed(bytes, frame, preprocess);
    } else if (boxes.length > 0) {
      descriptor = this.#writeRows(bytes, frame, preprocess);
    } else {
      const framePlan = plan !== undefined && 'program' in plan ? plan : planFrame(frame, preprocess);
      descriptor = this.#writeRaw(bytes, frame, framePlan);
    }
    if (boxes.length > 0) this.#regionsFor(slot, boxes.length, classCount).describe(boxes);
    const handedOverNs = monotonicNs();
    record.describe(descriptor, frame.data.length, handedOverNs, boxes.length);
    return handedOverNs;
  }

  /** What became of so many first regions of the last frame in the slot. */
  readRegions(slot: number, count: number): RegionReading[] {
    const { regions } = this.#slot(slot);
    return Array.from({ length: count }, (_, place) => regions?.read(place) ?? { status: 'pending' });
  }

  record(slot: number): FrameRecord {
    return this.#slot(slot).record;
  }

  /** A copy of what the worker made of the last frame in the slot. */
  copyNv12(slot: number): Uint8Array {
    const { bytes, record } = this.#slot(slot);
    return record.copyNv12(bytes.memory);
  }

  close(): void {
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
    };
    this.#slots.push(added);
    this.#send({ kind: 'slot', slot, memory: added.bytes.memory, record: added.record.buffer });
    return slot;
  }

  #writeRaw(bytes: FrameSlot, frame: RawImageFrame, plan: FramePlan): number {
    bytes.copyFrom(frame.data, plan);
    return this.#numberOf(plan, () => ({ kind: 'raw', program: plan.program }));
  }

  /** All rows, for regions of them. */
  #writeRows(bytes: FrameSlot, frame: RawImageFrame, preprocess: PreprocessOptions): number {
    const plan = planRows(frame);
    bytes.copyFrom(frame.data, plan);
    this.#forgetOtherOptions(preprocess);
    const { encoding, widthPx, heightPx, strideBytes, isBigEndian } = plan.shape;
    return this.#numberOf(`rows\n${encoding} ${widthPx} ${heightPx} ${strideBytes} ${isBigEndian}`, () => ({
      kind: 'rows',
      shape: plan.shape,
      preprocess,
    }));
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

  /** The slot's memory for regions; made where there is none, or too little. */
  #regionsFor(slot: number, count: number, classCount: number): RegionRecord {
    const kept = this.#slot(slot).regions;
    if (kept !== undefined && kept.capacity >= count) return kept;
    const made = new RegionRecord(RegionRecord.capacityFor(count), classCount);
    this.#slot(slot).regions = made;
    this.#send({ kind: 'regions', slot, capacity: made.capacity, classCount, record: made.buffer });
    return made;
  }

  #numberOf(key: FramePlan | string, describe: () => FrameDescriptor): number {
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
