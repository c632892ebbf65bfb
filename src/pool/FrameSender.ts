import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { FrameSlot } from '../image/FrameSlot.js';
import type { CompressedImageFrame, ImageFrame, RawImageFrame } from '../image/ImageFrame.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { type FramePlan, planFrame } from '../image/planFrame.js';
import { COPY_ALIGNMENT_BYTES } from '../image/SlotLayout.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { FrameRecord } from './FrameRecord.js';
import type { FrameDescriptor, FrameDescriptorMessage, SlotStart } from './workerProtocol.js';

/** Kinds of frames that are remembered: cameras repeat theirs. */
const KEPT_DESCRIPTORS = 64;

/** A raw frame's plan; compressed frames are planned by the worker, once their size is known. */
export type SendPlan = FramePlan | undefined;

/** @throws EffvitError BAD_IMAGE where the frame cannot be read. */
export function planSend(frame: ImageFrame, options: PreprocessOptions): SendPlan {
  return frame.kind === 'raw' ? planFrame(frame, options) : undefined;
}

/** The main thread's side of one slot of a worker: the one copy of a frame, and a word on what it is. */
export class FrameSender {
  readonly record = new FrameRecord();
  readonly #slot = FrameSlot.create();
  readonly #port: MessagePort;
  readonly #workerPort: MessagePort;
  readonly #numbers = new Map<string, number>();
  #nextNumber = 0;
  /** The options by which compressed frames were described last. */
  #compressedOptions: PreprocessOptions | undefined;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#workerPort = port2;
  }

  /** For the worker; `descriptors` is to be transferred. */
  get start(): SlotStart {
    return { memory: this.#slot.memory, record: this.record.buffer, descriptors: this.#workerPort };
  }

  /**
   * Copies the needed bytes into the slot.
   *
   * @returns when the frame was handed over, by the monotonic clock: copying ends there.
   * @throws EffvitError BAD_IMAGE, INTERNAL where memory is short.
   */
  send(frame: ImageFrame, plan: SendPlan, options: PreprocessOptions): number {
    const descriptor =
      frame.kind === 'raw'
        ? this.#sendRaw(frame, plan ?? planFrame(frame, options))
        : this.#sendCompressed(frame, options);
    const handedOverNs = monotonicNs();
    this.record.describe(descriptor, frame.data.length, handedOverNs);
    return handedOverNs;
  }

  /** A copy of what the worker made of the last frame. */
  copyNv12(): Uint8Array {
    return this.record.copyNv12(this.#slot.memory);
  }

  close(): void {
    this.#port.close();
  }

  #sendRaw(frame: RawImageFrame, plan: FramePlan): number {
    this.#slot.copyFrom(frame.data, plan);
    return this.#numberOf(plan.key, () => ({ kind: 'raw', planKey: plan.key }));
  }

  #sendCompressed(frame: CompressedImageFrame, options: PreprocessOptions): number {
    const { source, format, origin } = frame;
    const lengthBytes = frame.data.length;
    const whole = { sourceOffsetBytes: 0, slotOffsetBytes: 0, lengthBytes };
    this.#slot.copyFrom(frame.data, { segments: [whole], slotBytes: lengthBytes + COPY_ALIGNMENT_BYTES });
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

  #numberOf(key: string, describe: () => FrameDescriptor): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#numbers.size >= KEPT_DESCRIPTORS) this.#numbers.clear();
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const message: FrameDescriptorMessage = {
      number,
      descriptor: describe(),
      forgetEarlier: this.#numbers.size === 0,
    };
    this.#port.postMessage(message);
    this.#numbers.set(key, number);
    return number;
  }
}
