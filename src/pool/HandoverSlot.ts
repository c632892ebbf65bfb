import type { ChipPlan } from '../image/chipPlan.js';
import { nv12AsChip } from '../image/chipResizer.js';
import { FrameSlot } from '../image/FrameSlot.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { PictureNote } from '../image/pictureNotes.js';
import { FrameRecord } from './FrameRecord.js';
import type { RegionReading, RegionRecord } from './RegionRecord.js';

/** Rows in the layout that the device reads. */
export type ChipRows = Pick<ChipPlan, 'shape' | 'segments' | 'lengthBytes'> & {
  /** For a whole frame: the part that the network sees. */
  readonly seen?: { readonly region: ChipPlan['region']; readonly options: PreprocessOptions };
};

/** The main thread's side of one of a worker's slots, with the last frame in it. */
export class HandoverSlot {
  readonly number: number;
  readonly bytes = new FrameSlot();
  readonly record = new FrameRecord();
  isFree = true;
  /** Undefined until a frame in this slot had regions. */
  regions: RegionRecord | undefined;
  /** Device memory for the pictures of this slot; undefined until the worker has reported it. */
  device: Uint8Array | undefined;
  /** Rows of the frame, if the device crops and scales it. */
  chip: ChipRows | undefined;
  /** A note on how the frame is resized. */
  note: PictureNote | undefined;

  constructor(number: number) {
    this.number = number;
  }

  /** Whether the rows for the device go directly into its memory. */
  get isOnDevice(): boolean {
    return this.chip !== undefined && (this.device?.length ?? -1) >= this.chip.lengthBytes;
  }

  /** Copies the frame once: into the device's memory, or into the slot until the device has such memory. */
  copyForChip(data: Uint8Array, rows: ChipRows): void {
    this.chip = rows;
    if (!this.isOnDevice) {
      this.bytes.copyFrom(data, { segments: rows.segments, slotBytes: rows.lengthBytes });
      return;
    }
    for (const { sourceOffsetBytes, slotOffsetBytes, lengthBytes } of rows.segments) {
      this.device?.set(data.subarray(sourceOffsetBytes, sourceOffsetBytes + lengthBytes), slotOffsetBytes);
    }
  }

  /** Readings of the first `count` regions of the frame. */
  readRegions(count: number): RegionReading[] {
    return Array.from({ length: count }, (_, place) => this.regions?.read(place) ?? { status: 'pending' });
  }

  /** A copy of the NV12 that the worker made of the frame. */
  copyNv12(): Uint8Array {
    const { bytes, record, chip, device } = this;
    if (chip?.seen === undefined) return record.copyNv12(bytes.memory);
    const rows = record.isOnDevice && device !== undefined ? device : bytes.copied(chip.lengthBytes);
    return nv12AsChip(rows, chip.shape, chip.seen.region, chip.seen.options);
  }
}
