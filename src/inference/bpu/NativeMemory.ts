import { loadNative } from '../../core/loadNative.js';
import type { SharedBytes } from '../PictureResizer.js';

type Koffi = typeof import('koffi');

/** A view of native memory; must not be accessed after that was freed. */
export function nativeView(address: bigint, lengthBytes: number): Uint8Array {
  return new Uint8Array(loadNative<Koffi>('koffi').view(address, lengthBytes));
}

/** A view of memory that another thread shared; must not be accessed after that thread has freed it. */
export function viewOfShared(shared: SharedBytes): Uint8Array {
  return 'address' in shared ? nativeView(shared.address, shared.lengthBytes) : new Uint8Array(shared);
}

/**
 * Zeroed bytes on the C heap, for everything that the runtime accesses during a task. A thread's JavaScript memory
 * would be freed with the thread, while a hung task may still use it.
 */
export class NativeMemory {
  readonly address: bigint;
  #bytes: Uint8Array;

  /** @throws EffvitError UNSUPPORTED if koffi has no build for this machine. */
  constructor(lengthBytes: number) {
    const koffi = loadNative<Koffi>('koffi');
    this.address = koffi.alloc('uint8', lengthBytes);
    try {
      this.#bytes = nativeView(this.address, lengthBytes).fill(0);
    } catch (error) {
      koffi.free(this.address);
      throw error;
    }
  }

  /** Must not be accessed after {@link free}. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Idempotent. Must not be called while a task uses the memory. */
  free(): void {
    if (this.#bytes.length === 0) return;
    this.#bytes = new Uint8Array(0);
    loadNative<Koffi>('koffi').free(this.address);
  }
}
