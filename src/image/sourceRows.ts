import { longestRun, positionsOf, spanOf } from './AxisTaps.js';
import type { EncodingTraits } from './encodingTraits.js';
import { aligned, type KernelTables, PADDING_BYTES, SLOT_BASE_BYTES } from './KernelTables.js';
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

function planeOf(layout: SlotLayout, index: 0 | 1 | 2): PlaneWindow {
  const plane = layout.planes[index];
  if (plane === undefined) throw new RangeError(`a ${layout.shape.encoding} frame has no plane ${index}`);
  return plane;
}

/** Rows that the kernel reads where they lie. */
export function rowsInPlace(layout: SlotLayout, index: 0 | 1 | 2): SourceRows {
  const { rowOffsets, byteCount } = planeOf(layout, index);
  const rows = [...rowOffsets.keys()].filter((row) => (rowOffsets[row] ?? -1) >= 0);
  return { rows, offsets: rows.map((row) => rowOffsets[row] ?? 0), byteCount };
}

/** The rows of the first plane; describes to the kernel those that it unpacks first. */
export function firstPlaneRows(layout: SlotLayout, tables: KernelTables): SourceRows {
  const { traits } = layout;
  switch (traits.family) {
    case 'colour':
      return traits.channelBytes === 1 ? rowsInPlace(layout, 0) : unpacked16(layout, tables, traits.channels);
    case 'mono':
      return traits.channelBytes === 1 ? rowsInPlace(layout, 0) : unpacked16(layout, tables, 1);
    case 'bayer':
      return unpackedBayer(layout, tables, traits);
    case 'yuv':
      return rowsInPlace(layout, 0);
  }
}

/** A ring with a place for each of the rows that one output row needs. */
function ring({ tapsX, tapsY }: SlotLayout, tables: KernelTables, pixelBytes: number): SourceRows {
  const { begin, end } = spanOf(tapsX);
  const rows = positionsOf(tapsY);
  const byteCount = (end - begin) * pixelBytes;
  const ringRows = longestRun(tapsY);
  const strideBytes = aligned(byteCount + PADDING_BYTES);
  const first = tables.allocate(ringRows * strideBytes);
  return { rows, offsets: rows.map((_, rank) => first + (rank % ringRows) * strideBytes), byteCount };
}

function unpacked16(layout: SlotLayout, tables: KernelTables, pixelBytes: number): SourceRows {
  const { rowOffsets } = planeOf(layout, 0);
  const target = ring(layout, tables, pixelBytes);
  const records = target.rows.flatMap((row) => [SLOT_BASE_BYTES + (rowOffsets[row] ?? 0), 0, 0, 0]);
  tables.set(F.UNPACK, layout.shape.isBigEndian ? 2 : 1);
  tables.set(F.UNPACK_COUNT, target.byteCount);
  tables.setTable(F.UNPACK_RECORDS, Int32Array.from(records));
  return target;
}

function unpackedBayer(
  layout: SlotLayout,
  tables: KernelTables,
  { channelBytes, redX, redY }: EncodingTraits & { family: 'bayer' },
): SourceRows {
  const { widthPx, heightPx } = layout.shape;
  const target = ring(layout, tables, 4);
  const { firstByte, rowOffsets } =
    channelBytes === 1 ? planeOf(layout, 0) : narrowed(planeOf(layout, 0), layout, tables);
  const { begin, end } = spanOf(layout.tapsX);
  const addressOf = (row: number) => SLOT_BASE_BYTES + (rowOffsets[row] ?? 0) + begin - firstByte;
  const isRedFirst = begin % 2 === redX;
  const records = target.rows.flatMap((row) => {
    const above = addressOf(row === 0 ? 1 : row - 1);
    const below = addressOf(row === heightPx - 1 ? heightPx - 2 : row + 1);
    return [addressOf(row), above, below, (row % 2 === redY ? 1 : 0) + (isRedFirst ? 2 : 0)];
  });
  tables.set(F.UNPACK, 3);
  tables.set(F.UNPACK_COUNT, end - begin);
  tables.setTable(F.UNPACK_RECORDS, Int32Array.from(records));
  tables.set(F.BAYER_AT_LEFT, begin === 0 ? 1 : 0);
  tables.set(F.BAYER_AT_RIGHT, end === widthPx ? 1 : 0);
  return target;
}

/** Places of the rows of a plane of 16-bit samples after their conversion to bytes. */
function narrowed(
  plane: PlaneWindow,
  layout: SlotLayout,
  tables: KernelTables,
): Pick<PlaneWindow, 'firstByte' | 'rowOffsets'> {
  const { rows, offsets } = rowsInPlace(layout, 0);
  const strideBytes = aligned(plane.byteCount / 2) + PADDING_BYTES;
  const first = tables.allocate(rows.length * strideBytes);
  const rowOffsets = new Int32Array(plane.rowOffsets.length).fill(-1);
  const records = rows.flatMap((row, rank) => {
    rowOffsets[row] = first + rank * strideBytes;
    return [SLOT_BASE_BYTES + (offsets[rank] ?? 0), SLOT_BASE_BYTES + first + rank * strideBytes];
  });
  tables.set(F.NARROW, layout.shape.isBigEndian ? 2 : 1);
  tables.set(F.NARROWED_ROWS, rows.length);
  tables.set(F.NARROWED_VALUES, plane.byteCount / 2);
  tables.setTable(F.NARROWED_RECORDS, Int32Array.from(records));
  return { firstByte: plane.firstByte / 2, rowOffsets };
}
