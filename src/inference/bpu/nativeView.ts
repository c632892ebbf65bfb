import { loadNative } from '../../core/loadNative.js';

/** Memory of the process outside of JavaScript, by its address. */
export function nativeView(address: bigint, lengthBytes: number): Uint8Array {
  return new Uint8Array(loadNative<typeof import('koffi')>('koffi').view(address, lengthBytes));
}
