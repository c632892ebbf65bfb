import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { FrameSlot } from '../image/FrameSlot.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { type FramePlan, planFrame } from '../image/planFrame.js';
import { COPY_ALIGNMENT_BYTES } from '../image/SlotLayout.js';
import type { Nv12Place } from './WorkerChannel.js';
import type { FrameDescriptor, FrameDescriptorMessage } from './workerProtocol.js';

/** Kinds of frames that are remembered: cameras repeat theirs. */
const KEPT_DESCRIPTORS = 64;

/** A raw frame's plan; compressed frames are planned by the worker, once their size is known. */
export type SendPlan = FramePlan | undefined;

/** @throws EffvitError BAD_IMAGE where the frame cannot be read. */
export function planSend(frame: ImageFrame, options: PreprocessOptions): SendPlan {
  return frame.kind === 'raw' ? planFrame(frame, options) : undefined;
}

/** The main thread's side of the way of frames into one worker: the one copy, and a word on what it is. */
export class FrameSender {
  readonly slot = FrameSlot.create();
  /** For the worker; transferred when it starts. */
  readonly workerPort: MessagePort;
  readonly #port: MessagePort;
  readonly #numbers = new Map<string, number>();
  #nextNumber = 0;
  /** The options by which compressed frames were described last. */
  #compressedOptions: PreprocessOptions | undefined;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.workerPort = port2;
  }

  /** Copies the needed bytes into the slot. @returns the number of their descriptor. */
  send(frame: ImageFrame, plan: SendPlan, options: PreprocessOptions): number {
    if (frame.kind === 'raw') {
      const rawPlan = plan ?? planFrame(frame, options);
      this.slot.copyFrom(frame.data, rawPlan);
      return this.#numberOf(rawPlan.key, () => ({ kind: 'raw', planKey: rawPlan.key }));
    }
    const lengthBytes = frame.data.length;
    const whole = { sourceOffsetBytes: 0, slotOffsetBytes: 0, lengthBytes };
    this.slot.copyFrom(frame.data, { segments: [whole], slotBytes: lengthBytes + COPY_ALIGNMENT_BYTES });
    if (this.#compressedOptions !== options) this.#forget();
    this.#compressedOptions = options;
    const { source, format, origin } = frame;
    return this.#numberOf(`${origin}\n${format}\n${source}`, () => ({
      kind: 'compressed',
      source,
      format,
      ...(origin === undefined ? {} : { origin }),
      preprocess: options,
    }));
  }

  /** A copy of what the worker made of the last frame. */
  copyNv12(place: Nv12Place): Uint8Array {
    // Growing by nothing makes this thread see what the worker has grown.
    this.slot.memory.grow(0);
    return new Uint8Array(this.slot.memory.buffer, place.offsetBytes, place.lengthBytes).slice();
  }

  close(): void {
    this.#port.close();
  }

  #numberOf(key: string, describe: () => FrameDescriptor): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#numbers.size >= KEPT_DESCRIPTORS) this.#forget();
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

  #forget(): void {
    this.#numbers.clear();
  }
}
