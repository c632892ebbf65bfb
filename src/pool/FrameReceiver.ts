import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { EffvitError } from '../core/EffvitError.js';
import { FrameSlot } from '../image/FrameSlot.js';
import { Nv12Converter } from '../image/Nv12Converter.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { planFrame } from '../image/planFrame.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { FrameRecord, type PictureFacts } from './FrameRecord.js';
import type { FrameDescriptor, SetupMessage } from './workerProtocol.js';

/** A frame as the backend takes it. */
export interface ReceivedFrame {
  readonly record: FrameRecord;
  /** A view of the slot, valid until the next frame in it. */
  readonly nv12: Uint8Array;
  readonly decodeNs: number;
  readonly preprocessNs: number;
  /** Of the decoded picture; absent for raw frames, whose size the main thread knows. */
  readonly picture?: PictureFacts;
}

interface ReceivingSlot {
  readonly bytes: FrameSlot;
  readonly record: FrameRecord;
  readonly converter: Nv12Converter;
}

type CompressedDescriptor = Extract<FrameDescriptor, { kind: 'compressed' }>;

/** The worker's side of its slots: from the bytes in them to NV12. */
export class FrameReceiver {
  readonly #setup: MessagePort;
  readonly #kernel: WebAssembly.Module;
  readonly #slots: ReceivingSlot[] = [];
  readonly #descriptors = new Map<number, FrameDescriptor>();

  constructor(setup: MessagePort, kernel: WebAssembly.Module) {
    this.#setup = setup;
    this.#kernel = kernel;
  }

  /** @throws EffvitError BAD_IMAGE where compressed bytes are no picture that can be decoded. */
  async receive(slotNumber: number): Promise<ReceivedFrame> {
    const slot = this.#told(() => this.#slots[slotNumber], `slot ${slotNumber}`);
    const { record } = slot;
    const number = record.descriptor;
    const descriptor = this.#told(() => this.#descriptors.get(number), `frame descriptor ${number}`);
    if (descriptor.kind === 'compressed') return await decode(slot, descriptor);
    const beganNs = monotonicNs();
    const nv12 = slot.converter.convert(descriptor.program);
    return { record, nv12, decodeNs: 0, preprocessNs: monotonicNs() - beganNs };
  }

  /** What `find` gives, after as many of the main thread's messages as that takes. */
  #told<Value>(find: () => Value | undefined, what: string): Value {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const received = receiveMessageOnPort(this.#setup);
      if (received === undefined) {
        throw new EffvitError('INTERNAL', `The ${what} was never sent; this is a defect of effvit.`);
      }
      this.#adopt(received.message);
    }
  }

  #adopt(message: SetupMessage): void {
    if (message.kind === 'descriptor') {
      if (message.forgetEarlier) this.#descriptors.clear();
      this.#descriptors.set(message.number, message.descriptor);
      return;
    }
    const { memory } = message;
    this.#slots[message.slot] = {
      bytes: FrameSlot.attach(memory),
      record: new FrameRecord(message.record),
      converter: Nv12Converter.create(memory, this.#kernel),
    };
  }
}

async function decode(slot: ReceivingSlot, descriptor: CompressedDescriptor): Promise<ReceivedFrame> {
  const { record, bytes } = slot;
  const { source, format, origin, preprocess } = descriptor;
  const beganNs = monotonicNs();
  // Imported here: the decoder costs memory that a worker of raw frames does not need.
  const { decodePicture } = await import('../image/decodeCompressed.js');
  const { frame: decoded, notes } = await decodePicture({
    kind: 'compressed',
    stamp: { sec: 0, nanosec: 0 },
    frameId: '',
    source,
    format,
    ...(origin === undefined ? {} : { origin }),
    data: bytes.copied(record.payloadBytes),
  });
  const decodedNs = monotonicNs();
  const nv12 = convert(slot, decoded, preprocess);
  const { widthPx, heightPx } = decoded;
  return {
    record,
    nv12,
    decodeNs: decodedNs - beganNs,
    preprocessNs: monotonicNs() - decodedNs,
    picture: { widthPx, heightPx, notes },
  };
}

function convert(
  { bytes, converter }: ReceivingSlot,
  decoded: Parameters<typeof planFrame>[0],
  preprocess: PreprocessOptions,
): Uint8Array {
  const plan = planFrame(decoded, preprocess);
  bytes.copyFrom(decoded.data, plan);
  return converter.convert(plan.program);
}
