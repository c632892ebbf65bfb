import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { EffvitError } from '../core/EffvitError.js';
import { FrameSlot } from '../image/FrameSlot.js';
import { Nv12Converter } from '../image/Nv12Converter.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { planFrame } from '../image/planFrame.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { FrameRecord, type PictureSize } from './FrameRecord.js';
import type { FrameDescriptor, FrameDescriptorMessage, SlotStart } from './workerProtocol.js';

/** A frame as the backend takes it. */
export interface ReceivedFrame {
  /** A view of the slot, valid until the next frame in it. */
  readonly nv12: Uint8Array;
  readonly decodeNs: number;
  readonly preprocessNs: number;
  /** Of the decoded picture; absent for raw frames, whose size the main thread knows. */
  readonly pictureSize?: PictureSize;
}

/** The worker's side of one slot: from the bytes in it to NV12. */
export class FrameReceiver {
  readonly record: FrameRecord;
  readonly #slot: FrameSlot;
  readonly #converter: Nv12Converter;
  readonly #port: MessagePort;
  readonly #descriptors = new Map<number, FrameDescriptor>();

  constructor({ memory, record, descriptors }: SlotStart, kernel: WebAssembly.Module) {
    this.record = new FrameRecord(record);
    this.#slot = FrameSlot.attach(memory);
    this.#converter = Nv12Converter.create(memory, kernel);
    this.#port = descriptors;
  }

  /** @throws EffvitError BAD_IMAGE where compressed bytes are no picture that can be decoded. */
  async receive(): Promise<ReceivedFrame> {
    const descriptor = this.#descriptorOf(this.record.descriptor);
    if (descriptor.kind === 'compressed') return await this.#decode(descriptor, this.record.payloadBytes);
    const beganNs = monotonicNs();
    const nv12 = this.#converter.convert({ key: descriptor.planKey });
    return { nv12, decodeNs: 0, preprocessNs: monotonicNs() - beganNs };
  }

  async #decode(
    descriptor: Extract<FrameDescriptor, { kind: 'compressed' }>,
    payloadBytes: number,
  ): Promise<ReceivedFrame> {
    const beganNs = monotonicNs();
    // Imported here: the decoder costs memory that a worker of raw frames does not need.
    const { decodeCompressed } = await import('../image/decodeCompressed.js');
    const decoded = await decodeCompressed({
      kind: 'compressed',
      stamp: { sec: 0, nanosec: 0 },
      frameId: '',
      source: descriptor.source,
      format: descriptor.format,
      ...(descriptor.origin === undefined ? {} : { origin: descriptor.origin }),
      data: this.#slot.copied(payloadBytes),
    });
    const decodedNs = monotonicNs();
    const nv12 = this.#convert(decoded, descriptor.preprocess);
    const { widthPx, heightPx } = decoded;
    return {
      nv12,
      decodeNs: decodedNs - beganNs,
      preprocessNs: monotonicNs() - decodedNs,
      pictureSize: { widthPx, heightPx },
    };
  }

  #convert(decoded: Parameters<typeof planFrame>[0], preprocess: PreprocessOptions): Uint8Array {
    const plan = planFrame(decoded, preprocess);
    this.#slot.copyFrom(decoded.data, plan);
    return this.#converter.convert(plan);
  }

  #descriptorOf(number: number): FrameDescriptor {
    for (;;) {
      const known = this.#descriptors.get(number);
      if (known !== undefined) return known;
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) {
        throw new EffvitError(
          'INTERNAL',
          `Frame descriptor ${number} was never sent; this is a defect of effvit.`,
        );
      }
      const message: FrameDescriptorMessage = received.message;
      if (message.forgetEarlier) this.#descriptors.clear();
      this.#descriptors.set(message.number, message.descriptor);
    }
  }
}
