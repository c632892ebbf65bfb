import type { LibDnn } from './LibDnn.js';

/**
 * Bytes on the C heap, zeroed. What the runtime reads or writes while a task runs lies here and not in a thread's own
 * memory, which ends with the thread: a task that hangs may come to its end later.
 */
export class NativeMemory {
  readonly address: bigint;
  readonly #lib: LibDnn;
  #bytes: Uint8Array;

  constructor(lib: LibDnn, lengthBytes: number) {
    this.#lib = lib;
    this.address = lib.allocate(lengthBytes);
    this.#bytes = lib.view(this.address, lengthBytes);
    this.#bytes.fill(0);
  }

  /** Not to be touched after {@link free}. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Idempotent; only when no task uses it. */
  free(): void {
    if (this.#bytes.length === 0) return;
    this.#bytes = new Uint8Array(0);
    this.#lib.free(this.address);
  }
}
