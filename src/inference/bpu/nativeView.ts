import { loadNative } from '../../core/loadNative.js';

type Koffi = typeof import('koffi');

/** A view of native memory at an address. */
export function nativeView(address: bigint, lengthBytes: number): Uint8Array {
  return new Uint8Array(loadNative<Koffi>('koffi').view(address, lengthBytes));
}

/** Allocates native memory; free it once. @throws EffvitError UNSUPPORTED if koffi has no build for this machine */
export function allocateNative(lengthBytes: number): { readonly address: bigint; readonly free: () => void } {
  const koffi = loadNative<Koffi>('koffi');
  const address = koffi.alloc('uint8', lengthBytes);
  return { address, free: () => koffi.free(address) };
}
