import { loadNative } from '../../core/loadNative.js';

/** An allocator gives the same few addresses again and again; what it gave once, long ago, is forgotten. */
const KEPT_VIEWS = 64;

/**
 * Views of memory that native code owns. Each address is viewed once: an ArrayBuffer over foreign memory costs
 * microseconds to make and more to collect.
 */
export class NativeMemory {
  readonly #views = new Map<number, Uint8Array>();

  /** `lengthBytes` bytes from this address on, which the caller knows to be there for as long as it reads them. */
  at(address: number, lengthBytes: number): Uint8Array {
    let view = this.#views.get(address);
    if (view === undefined || view.length < lengthBytes) {
      if (this.#views.size >= KEPT_VIEWS) this.#views.clear();
      view = new Uint8Array(loadNative<typeof import('koffi')>('koffi').view(BigInt(address), lengthBytes));
      this.#views.set(address, view);
    }
    return view.length === lengthBytes ? view : view.subarray(0, lengthBytes);
  }
}
