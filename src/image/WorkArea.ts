import type { SlotLayout } from './SlotLayout.js';

/** Vector loads may reach this far beyond the bytes that count. */
const PADDING_BYTES = 64;

/** Slot offsets of what lies behind the copied rows. */
export interface WorkArea {
  readonly nv12Offset: number;
  readonly nv12Bytes: number;
  readonly slotBytes: number;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

export function workArea(layout: SlotLayout): WorkArea {
  const nv12Bytes = (layout.options.widthPx * layout.options.heightPx * 3) / 2;
  const nv12Offset = layout.isPassThrough ? 0 : aligned(layout.inputBytes + PADDING_BYTES);
  return { nv12Offset, nv12Bytes, slotBytes: aligned(nv12Offset + nv12Bytes + PADDING_BYTES) };
}

/** Bytes that a slot must hold for frames of this layout. */
export function slotBytesOf(layout: SlotLayout): number {
  return workArea(layout).slotBytes;
}
