import { loadNative } from '../../core/loadNative.js';

type Koffi = typeof import('koffi');

/** Memory of the process outside of JavaScript, by its address. */
export function nativeView(address: bigint, lengthBytes: number): Uint8Array {
  return new Uint8Array(loadNative<Koffi>('koffi').view(address, lengthBytes));
}

/** Such memory, to be freed once; @throws EffvitError UNSUPPORTED where koffi has no build for this machine */
export function allocateNative(lengthBytes: number): { readonly address: bigint; readonly free: () => void } {
  const koffi = loadNative<Koffi>('koffi');
  const address = koffi.alloc('uint8', lengthBytes);
  return { address, free: () => koffi.free(address) };
}
