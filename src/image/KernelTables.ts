import { FIELD_COUNT } from './kernelFields.js';

/** Address of the slot's first byte: the kernel keeps its own variables below. */
export const SLOT_BASE_BYTES = 65536;

/** The kernel's vector loads and stores may reach this far beyond the used bytes. */
export const PADDING_BYTES = 64;

export function aligned(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

/** Allocates consecutive parts of the slot. */
export class SlotAllocator {
  #end: number;

  constructor(begin: number) {
    this.#end = aligned(begin);
  }

  /** Slot offset of `bytes` new bytes, with padding for vector accesses. */
  allocate(bytes: number): number {
    const offset = this.#end;
    this.#end = aligned(offset + bytes + PADDING_BYTES);
    return offset;
  }

  get end(): number {
    return this.#end;
  }
}

export type Table = Int32Array | Int16Array | Uint16Array;

function bytesOf(table: Table): Uint8Array {
  return new Uint8Array(table.buffer, table.byteOffset, table.byteLength);
}

/** The kernel's fields, and the tables that some fields point to. */
export class KernelTables {
  readonly #fields = new Int32Array(FIELD_COUNT);
  readonly #tables: { readonly field: number; readonly table: Table }[] = [];

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

  /** Fields and tables as one block, at an offset from the allocator. */
  finish(allocator: SlotAllocator): { readonly tables: Uint8Array; readonly tablesOffset: number } {
    let bytes = aligned(this.#fields.byteLength);
    const places = this.#tables.map(({ table }) => {
      const place = bytes;
      bytes = aligned(bytes + table.byteLength);
      return place;
    });
    const tablesOffset = allocator.allocate(bytes);
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
