import { loadNative } from '../../core/loadNative.js';

/** An allocator returns the same few addresses repeatedly; the views of old addresses are dropped. */
const KEPT_VIEWS = 64;

/**
 * Views of memory that native code owns, one per address: an ArrayBuffer over foreign memory takes microseconds to
 * create and more to collect.
 */
export class NativeMemory {
  readonly #views = new Map<number, Uint8Array>();

  /** A view of `lengthBytes` bytes from this address. The caller must ensure that they stay valid while it reads. */
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
