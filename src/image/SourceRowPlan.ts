import {
  aligned,
  type KernelTables,
  PADDING_BYTES,
  SLOT_BASE_BYTES,
  type SlotAllocator,
} from './KernelTables.js';
import * as F from './kernelFields.js';
import type { PlaneWindow, SlotLayout } from './SlotLayout.js';

/** The rows that the kernel reads: directly from the slot, or unpacked to a ring of rows first. */
export interface SourceRows {
  /** Source rows in use, ascending; a row's index in this list is its rank. */
  readonly rows: readonly number[];
  /** Slot offset of each. */
  readonly offsets: readonly number[];
  readonly byteCount: number;
}

/** Chooses the rows that the kernel reads, and describes to it those that it unpacks first. */
export class SourceRowPlan {
  readonly #layout: SlotLayout;
  readonly #allocator: SlotAllocator;
  readonly #tables: KernelTables;
  /** Columns of the frame that are read. */
  readonly firstColumn: number;
  readonly columnCount: number;

  constructor(layout: SlotLayout, allocator: SlotAllocator, tables: KernelTables) {
    this.#layout = layout;
    this.#allocator = allocator;
    this.#tables = tables;
    const { firsts, counts } = layout.tapsX;
    this.firstColumn = firsts[0] ?? 0;
    this.columnCount = (firsts.at(-1) ?? 0) + (counts.at(-1) ?? 0) - this.firstColumn;
  }

  /** Source rows that the vertical taps use, ascending. */
  #weighed(shift: number): number[] {
    const { firsts, counts } = this.#layout.tapsY;
    const rows = new Set<number>();
    firsts.forEach((first, index) => {
      for (let tap = 0; tap < (counts[index] ?? 0); tap++) rows.add((first + tap) >> shift);
    });
    return [...rows];
  }

  #plane(index: 0 | 1 | 2): PlaneWindow {
    const plane = this.#layout.planes[index];
    if (plane === undefined)
      throw new RangeError(`a ${this.#layout.shape.encoding} frame has no plane ${index}`);
    return plane;
  }

  /** Rows that the kernel reads where they lie; `shift` is 1 where two rows of the frame share one. */
  inPlace(index: 0 | 1 | 2, shift: number): SourceRows {
    const plane = this.#plane(index);
    const rows = this.#weighed(shift);
    return { rows, offsets: rows.map((row) => plane.rowOffsets[row] ?? 0), byteCount: plane.byteCount };
  }

  /** Rows of 16-bit or Bayer samples, unpacked to a ring that holds the rows of one output row. */
  unpacked(pixelBytes: number): SourceRows {
    const { traits, shape, tapsY } = this.#layout;
    const plane = this.#plane(0);
    const rows = this.#weighed(0);
    const byteCount = this.columnCount * pixelBytes;
    const ringRows = tapsY.maxCount;
    const ringStride = aligned(byteCount + PADDING_BYTES);
    const ring = this.#allocator.allocate(ringRows * ringStride);
    const isBayer = traits.family === 'bayer';
    const isNarrowed = isBayer && traits.channelBytes === 2;
    const samples = isNarrowed ? this.#narrowed(plane) : plane;
    const skippedBytes = isBayer ? this.firstColumn - samples.firstByte : 0;
    const lastRow = shape.heightPx - 1;
    const addressOf = (row: number) => SLOT_BASE_BYTES + (samples.rowOffsets[row] ?? 0) + skippedBytes;
    const records = rows.flatMap((row) => {
      if (traits.family !== 'bayer') return [addressOf(row), 0, 0, 0];
      const above = addressOf(row === 0 ? 1 : row - 1);
      const below = addressOf(row === lastRow ? lastRow - 1 : row + 1);
      const isRedRow = row % 2 === traits.redY;
      const isRedFirst = this.firstColumn % 2 === traits.redX;
      return [addressOf(row), above, below, (isRedRow ? 1 : 0) + (isRedFirst ? 2 : 0)];
    });
    this.#tables.set(F.UNPACK, isBayer ? 3 : shape.isBigEndian ? 2 : 1);
    this.#tables.set(F.UNPACK_COUNT, isBayer ? this.columnCount : byteCount);
    this.#tables.setTable(F.UNPACK_RECORDS, Int32Array.from(records));
    this.#tables.set(F.BAYER_AT_LEFT, this.firstColumn === 0 ? 1 : 0);
    this.#tables.set(F.BAYER_AT_RIGHT, this.firstColumn + this.columnCount === shape.widthPx ? 1 : 0);
    return { rows, offsets: rows.map((_, rank) => ring + (rank % ringRows) * ringStride), byteCount };
  }

  /** Places of the rows of a plane of 16-bit samples after their conversion to bytes. */
  #narrowed(plane: PlaneWindow): Pick<PlaneWindow, 'firstByte' | 'rowOffsets'> {
    const values = aligned(plane.byteCount / 2);
    const strideBytes = values + PADDING_BYTES;
    const needed = plane.rowOffsets.filter((offset) => offset >= 0).length;
    const first = this.#allocator.allocate(needed * strideBytes);
    let next = first;
    const rowOffsets = plane.rowOffsets.map((offset) => {
      if (offset < 0) return -1;
      const target = next;
      next += strideBytes;
      return target;
    });
    const records = [...plane.rowOffsets].flatMap((offset, row) =>
      offset < 0 ? [] : [SLOT_BASE_BYTES + offset, SLOT_BASE_BYTES + (rowOffsets[row] ?? 0)],
    );
    this.#tables.set(F.NARROW, this.#layout.shape.isBigEndian ? 2 : 1);
    this.#tables.set(F.NARROWED_ROWS, needed);
    this.#tables.set(F.NARROWED_VALUES, plane.byteCount / 2);
    this.#tables.setTable(F.NARROWED_RECORDS, Int32Array.from(records));
    return { firstByte: plane.firstByte / 2, rowOffsets };
  }
}
