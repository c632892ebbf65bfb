import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { EffvitError } from '../core/EffvitError.js';
import { FrameSlot } from '../image/FrameSlot.js';
import { Nv12Converter } from '../image/Nv12Converter.js';
import type { PictureFigures } from '../image/PictureFigures.js';
import { planFrame, planRows } from '../image/planFrame.js';
import { type SlotRows, wholeRows } from '../image/SlotLayout.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { ChipFrame } from './DevicePictures.js';
import { FrameRecord, type PictureFacts } from './FrameRecord.js';
import { type ChipRegions, ReceivedRegions, type RegionSource } from './ReceivedRegions.js';
import { RegionRecord } from './RegionRecord.js';
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
  readonly picture?: PictureFacts;
  /** Set if the device crops and scales the frame; `nv12` is empty then. */
  readonly chip?: ChipFrame;
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
        return record.regionCount === 0
          ? await this.#receiveCompressed(slot, descriptor)
          : await this.#receiveCompressedRegions(slot, descriptor);
      case 'rows':
        return this.#receiveRegions(slot, { rows: this.#rowsOf(descriptor) }, descriptor, 0);
      case 'chip': {
        const chip = chipFrame(slotNumber, slot, descriptor.plan);
        return { kind: 'frame', record, nv12: NO_BYTES, decodeNs: 0, preprocessNs: 0, chip };
      }
      case 'chip_rows':
        return this.#receiveRegions(slot, { chip: chipRowsOf(slotNumber, slot, descriptor) }, descriptor, 0);
      case 'raw': {
        const startNs = monotonicNs();
        const nv12 = slot.converter.convert(descriptor.program);
        const figures = slot.converter.measure(nv12, descriptor.program);
        return { kind: 'frame', record, nv12, figures, decodeNs: 0, preprocessNs: monotonicNs() - startNs };
      }
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

  async #receiveCompressed(slot: ReceivingSlot, descriptor: CompressedDescriptor): Promise<ReceivedFrame> {
    const { decoded, notes, decodeNs } = await this.#decode(slot, descriptor);
    const decodedNs = monotonicNs();
    const plan = planFrame(decoded, descriptor.preprocess);
    slot.bytes.copyFrom(decoded.data, plan);
    const nv12 = slot.converter.convert(plan.program);
    const figures = slot.converter.measure(nv12, plan.program);
    const { widthPx, heightPx } = decoded;
    return {
      kind: 'frame',
      record: slot.record,
      nv12,
      figures,
      decodeNs,
      preprocessNs: monotonicNs() - decodedNs,
      picture: { widthPx, heightPx, notes },
    };
  }

  async #decode({ record, bytes }: ReceivingSlot, { source, format, origin }: CompressedDescriptor) {
    const startNs = monotonicNs();
    // Imported on demand: a worker that only gets raw frames saves the decoder's memory.
    const { decodePicture } = await import('../image/decodePicture.js');
    const compressed = {
      kind: 'compressed',
      stamp: { sec: 0, nanosec: 0 },
      frameId: '',
      source,
      format,
      ...(origin === undefined ? {} : { origin }),
      data: bytes.copied(record.payloadBytes),
    } as const;
    const { frame: decoded, notes } = await decodePicture(compressed, (lengthBytes) => {
      if (this.#pixels.length < lengthBytes) this.#pixels = new Uint8Array(lengthBytes);
      return this.#pixels.subarray(0, lengthBytes);
    });
    return { decoded, notes, decodeNs: monotonicNs() - startNs };
  }

  async #receiveCompressedRegions(
    slot: ReceivingSlot,
    descriptor: CompressedDescriptor,
  ): Promise<ReceivedRegions> {
    const { decoded, notes, decodeNs } = await this.#decode(slot, descriptor);
    const plan = planRows(decoded);
    slot.bytes.copyFrom(decoded.data, plan);
    const { widthPx, heightPx } = decoded;
    const picture = { widthPx, heightPx, notes };
    return this.#receiveRegions(slot, { rows: wholeRows(plan.shape) }, descriptor, decodeNs, picture);
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
    return new ReceivedRegions({ record, regions, count, source, converter, preprocess, decodeNs, picture });
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

function chipFrame(slotNumber: number, { record, bytes }: ReceivingSlot, plan: ChipFrame['plan']): ChipFrame {
  const staged = record.isOnDevice ? undefined : bytes.copied(plan.lengthBytes);
  return { slot: slotNumber, plan, ...(staged !== undefined && { staged }) };
}

function chipRowsOf(
  slotNumber: number,
  { record, bytes }: ReceivingSlot,
  { frame, rows }: Extract<FrameDescriptor, { kind: 'chip_rows' }>,
): ChipRegions {
  const staged = record.isOnDevice ? undefined : bytes.copied(rows.lengthBytes);
  return { slot: slotNumber, frame, rows, ...(staged !== undefined && { staged }) };
}
