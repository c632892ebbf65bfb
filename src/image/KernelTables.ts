import { FIELD_COUNT } from './kernelFields.js';

/** Address of the slot's first byte: the kernel keeps its own variables below. */
export const SLOT_BASE_BYTES = 65536;

/** The kernel's vector loads and stores may reach this far beyond the used bytes. */
export const PADDING_BYTES = 64;

export function aligned(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

type Table = Int32Array | Int16Array | Uint16Array;

function bytesOf(table: Table): Uint8Array {
  return new Uint8Array(table.buffer, table.byteOffset, table.byteLength);
}

/** The kernel's fields, the tables that some fields point to, and the parts of the slot that others point to. */
export class KernelTables {
  readonly #fields = new Int32Array(FIELD_COUNT);
  readonly #tables: { readonly field: number; readonly table: Table }[] = [];
  #endBytes: number;

  /** @param freeFromByte first slot offset to allocate. */
  constructor(freeFromByte: number) {
    this.#endBytes = aligned(freeFromByte);
  }

  /** Slot offset of `bytes` new bytes, with padding for vector accesses. */
  allocate(bytes: number): number {
    const offset = this.#endBytes;
    this.#endBytes = aligned(offset + bytes + PADDING_BYTES);
    return offset;
  }

  /** Slot offset after everything that was allocated. */
  get endBytes(): number {
    return this.#endBytes;
  }

  get(field: number): number {
    return this.#fields[field] ?? 0;
  }

  /** Sets `field` and the fields after it. */
  set(field: number, ...values: readonly number[]): void {
    this.#fields.set(values, field);
  }

  setAddress(field: number, slotOffset: number): void {
    this.set(field, SLOT_BASE_BYTES + slotOffset);
  }

  setTable(field: number, table: Table): void {
    this.#tables.push({ field, table });
  }

  /** Fields and tables as one block, and its place in the slot. */
  finish(): { readonly tables: Uint8Array; readonly tablesOffset: number } {
    let bytes = aligned(this.#fields.byteLength);
    const places = this.#tables.map(({ table }) => {
      const place = bytes;
      bytes = aligned(bytes + table.byteLength);
      return place;
    });
    const tablesOffset = this.allocate(bytes);
    this.#tables.forEach(({ field }, index) => {
      this.setAddress(field, tablesOffset + (places[index] ?? 0));
    });
    const tables = new Uint8Array(bytes);
    tables.set(bytesOf(this.#fields));
    this.#tables.forEach(({ table }, index) => {
      tables.set(bytesOf(table), places[index]);
    });
    return { tables, tablesOffset };
  }
}
