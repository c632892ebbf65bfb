import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { EffvitError } from '../core/EffvitError.js';
import { FrameSlot } from '../image/FrameSlot.js';
import type { CompressedImageFrame, ImageFrame, RawImageFrame } from '../image/ImageFrame.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { type FramePlan, planFrame } from '../image/planFrame.js';
import { COPY_ALIGNMENT_BYTES } from '../image/SlotLayout.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { FrameRecord } from './FrameRecord.js';
import type { FrameDescriptor, SetupMessage } from './workerProtocol.js';

/** Kinds of frames that are remembered: cameras repeat theirs. */
const RETAINED_DESCRIPTORS = 64;

/** A raw frame's plan; compressed frames are planned by the worker, once their size is known. */
export type HandoverPlan = FramePlan | undefined;

/** @throws EffvitError BAD_IMAGE where the frame cannot be read. */
export function planHandover(frame: ImageFrame, options: PreprocessOptions): HandoverPlan {
  return frame.kind === 'raw' ? planFrame(frame, options) : undefined;
}

interface Slot {
  readonly bytes: FrameSlot;
  readonly record: FrameRecord;
  isFree: boolean;
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
  /** The options by which compressed frames were described last. */
  #compressedOptions: PreprocessOptions | undefined;

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
   * @returns when the frame was handed over, by the monotonic clock: copying ends there.
   * @throws EffvitError BAD_IMAGE, INTERNAL where memory is short.
   */
  write(slot: number, frame: ImageFrame, plan: HandoverPlan, options: PreprocessOptions): number {
    const { bytes, record } = this.#slot(slot);
    const descriptor =
      frame.kind === 'raw'
        ? this.#writeRaw(bytes, frame, plan ?? planFrame(frame, options))
        : this.#writeCompressed(bytes, frame, options);
    const handedOverNs = monotonicNs();
    record.describe(descriptor, frame.data.length, handedOverNs);
    return handedOverNs;
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
    const added: Slot = { bytes: FrameSlot.create(), record: new FrameRecord(), isFree: true };
    this.#slots.push(added);
    this.#send({ kind: 'slot', slot, memory: added.bytes.memory, record: added.record.buffer });
    return slot;
  }

  #writeRaw(bytes: FrameSlot, frame: RawImageFrame, plan: FramePlan): number {
    bytes.copyFrom(frame.data, plan);
    return this.#numberOf(plan, () => ({ kind: 'raw', program: plan.program }));
  }

  #writeCompressed(bytes: FrameSlot, frame: CompressedImageFrame, options: PreprocessOptions): number {
    const { source, format, origin } = frame;
    const lengthBytes = frame.data.length;
    const whole = { sourceOffsetBytes: 0, slotOffsetBytes: 0, lengthBytes };
    bytes.copyFrom(frame.data, { segments: [whole], slotBytes: lengthBytes + COPY_ALIGNMENT_BYTES });
    if (this.#compressedOptions !== options) this.#numbers.clear();
    this.#compressedOptions = options;
    return this.#numberOf(`${origin}\n${format}\n${source}`, () => ({
      kind: 'compressed',
      source,
      format,
      ...(origin === undefined ? {} : { origin }),
      preprocess: options,
    }));
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
