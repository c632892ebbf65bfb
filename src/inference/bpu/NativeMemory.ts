import type { LibDnn } from './LibDnn.js';

/**
 * Zeroed bytes on the C heap, for everything that the runtime accesses during a task. A thread's JavaScript memory
 * would be freed with the thread, while a hung task may still use it.
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

  /** Must not be accessed after {@link free}. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Idempotent. Must not be called while a task uses the memory. */
  free(): void {
    if (this.#bytes.length === 0) return;
    this.#bytes = new Uint8Array(0);
    this.#lib.free(this.address);
  }
}
