import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { EffvitError } from '../core/EffvitError.js';
import { FrameSlot } from '../image/FrameSlot.js';
import type { KernelProgram } from '../image/KernelProgram.js';
import { Nv12Converter } from '../image/Nv12Converter.js';
import type { PictureFigures } from '../image/PictureFigures.js';
import { planFrame, planRows } from '../image/planFrame.js';
import { type SlotRows, wholeRows } from '../image/SlotLayout.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { ChipFrame } from './DevicePictures.js';
import { FrameRecord, type PictureFacts } from './FrameRecord.js';
import { RegionRecord } from './RegionRecord.js';
import type { ReceivedRegions, RegionSource } from './RegionsInput.js';
import type { FrameDescriptor, SetupMessage } from './workerProtocol.js';

/** A frame in the form that the backend takes. */
export interface ReceivedFrame {
  readonly kind: 'frame';
  readonly record: FrameRecord;
  /** A view of the slot, valid until the next frame in it. */
  readonly nv12: Uint8Array;
  /** Present if pictures are measured. */
  readonly figures?: PictureFigures | undefined;
  readonly decodeNs: number;
  readonly preprocessNs: number;
  /** Facts on the decoded picture; absent for raw frames, whose size the main thread knows. */
  readonly picture?: PictureFacts | undefined;
  /** Set if the device crops and scales the frame; `nv12` is empty then. */
  readonly chip?: ChipFrame | undefined;
}

interface ReceivingSlot {
  readonly bytes: FrameSlot;
  readonly record: FrameRecord;
  readonly converter: Nv12Converter;
  /** Undefined until a frame in this slot had regions. */
  regions: RegionRecord | undefined;
}

type CompressedDescriptor = Extract<FrameDescriptor, { kind: 'compressed' }>;
type RowsDescriptor = Extract<FrameDescriptor, { kind: 'rows' }>;

const NO_BYTES = new Uint8Array(0);

/** The worker's side of its slots: resizes and converts their rows to the model's NV12, for regions one at a time. */
export class FrameReceiver {
  readonly #setup: MessagePort;
  readonly #kernel: WebAssembly.Module;
  readonly #slots: ReceivingSlot[] = [];
  readonly #descriptors = new Map<number, FrameDescriptor>();
  readonly #rows = new WeakMap<RowsDescriptor, SlotRows>();
  /** Of a decoded picture, until it is copied into its slot: new memory for each would cost a page fault every 4 KiB. */
  #pixels = NO_BYTES;

  constructor(setup: MessagePort, kernel: WebAssembly.Module) {
    this.#setup = setup;
    this.#kernel = kernel;
  }

  /** @throws EffvitError BAD_IMAGE if compressed bytes cannot be decoded as a picture. */
  async receive(slotNumber: number): Promise<ReceivedFrame | ReceivedRegions> {
    const slot = this.#announced(() => this.#slots[slotNumber], `slot ${slotNumber}`);
    const { record } = slot;
    const number = record.descriptor;
    const descriptor = this.#announced(() => this.#descriptors.get(number), `frame descriptor ${number}`);
    switch (descriptor.kind) {
      case 'compressed':
        return await this.#receiveCompressed(slot, descriptor);
      case 'rows':
        return this.#receiveRegions(slot, { rows: this.#rowsOf(descriptor) }, descriptor, 0);
      case 'chip': {
        const { plan } = descriptor;
        const chip = { slot: slotNumber, plan, staged: staged(slot, plan) };
        return { kind: 'frame', record, nv12: NO_BYTES, decodeNs: 0, preprocessNs: 0, chip };
      }
      case 'chip_rows': {
        const { frame, rows } = descriptor;
        const chip = { slot: slotNumber, frame, rows, staged: staged(slot, rows) };
        return this.#receiveRegions(slot, { chip }, descriptor, 0);
      }
      case 'raw':
        return converted(slot, descriptor.program, monotonicNs(), 0);
    }
  }

  /** Layout of the rows in the slot; the same for all frames with this descriptor. */
  #rowsOf(descriptor: RowsDescriptor): SlotRows {
    const known = this.#rows.get(descriptor);
    if (known !== undefined) return known;
    const rows = wholeRows(descriptor.shape);
    this.#rows.set(descriptor, rows);
    return rows;
  }

  async #receiveCompressed(
    slot: ReceivingSlot,
    { source, format, origin, preprocess }: CompressedDescriptor,
  ): Promise<ReceivedFrame | ReceivedRegions> {
    const { record, bytes } = slot;
    const startNs = monotonicNs();
    // Imported on demand: a worker that only gets raw frames saves the decoder's memory.
    const { decodePicture } = await import('../image/decodePicture.js');
    const compressed = {
      kind: 'compressed',
      stamp: { sec: 0, nanosec: 0 },
      frameId: '',
      source,
      format,
      ...(origin !== undefined && { origin }),
      data: bytes.copied(record.payloadBytes),
    } as const;
    const { frame: decoded, notes } = await decodePicture(compressed, (lengthBytes) => {
      if (this.#pixels.length < lengthBytes) this.#pixels = new Uint8Array(lengthBytes);
      return this.#pixels.subarray(0, lengthBytes);
    });
    const decodedNs = monotonicNs();
    const decodeNs = decodedNs - startNs;
    const picture = { widthPx: decoded.widthPx, heightPx: decoded.heightPx, notes };
    if (record.regionCount > 0) {
      const plan = planRows(decoded);
      bytes.copyFrom(decoded.data, plan);
      return this.#receiveRegions(slot, { rows: wholeRows(plan.shape) }, { preprocess }, decodeNs, picture);
    }
    const plan = planFrame(decoded, preprocess);
    bytes.copyFrom(decoded.data, plan);
    return converted(slot, plan.program, decodedNs, decodeNs, picture);
  }

  #receiveRegions(
    slot: ReceivingSlot,
    source: RegionSource,
    { preprocess }: Pick<RowsDescriptor, 'preprocess'>,
    decodeNs: number,
    picture?: PictureFacts,
  ): ReceivedRegions {
    const { record, converter } = slot;
    const count = record.regionCount;
    const regions = this.#announced(
      () => ((slot.regions?.capacity ?? 0) >= count ? slot.regions : undefined),
      `memory of ${count} regions`,
    );
    const read = { record, regions, count, source, converter, preprocess, decodeNs, picture };
    return { kind: 'regions', ...read };
  }

  /** Reads the main thread's messages until `find` returns a value. */
  #announced<Value>(find: () => Value | undefined, what: string): Value {
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
    if (message.kind === 'regions') {
      const slot = this.#slots[message.slot];
      if (slot !== undefined) {
        slot.regions = new RegionRecord(message.capacity, message.classCount, message.record);
      }
      return;
    }
    const { memory } = message;
    this.#slots[message.slot] = {
      bytes: new FrameSlot(memory),
      record: new FrameRecord(message.record),
      converter: new Nv12Converter(memory, this.#kernel),
      regions: undefined,
    };
  }
}

/** The whole frame, whose rows are in the slot. @param startNs when its preprocessing began. */
function converted(
  { record, converter }: ReceivingSlot,
  program: KernelProgram,
  startNs: number,
  decodeNs: number,
  picture?: PictureFacts,
): ReceivedFrame {
  const nv12 = converter.convert(program);
  const figures = converter.measure(nv12, program);
  const preprocessNs = monotonicNs() - startNs;
  return { kind: 'frame', record, nv12, figures, decodeNs, preprocessNs, picture };
}

/** Rows for a device that crops and scales; undefined if they are in its memory already. */
function staged(
  { record, bytes }: ReceivingSlot,
  { lengthBytes }: { readonly lengthBytes: number },
): Uint8Array | undefined {
  return record.isOnDevice ? undefined : bytes.copied(lengthBytes);
}
