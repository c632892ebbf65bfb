import { nativeView } from './bpu/nativeView.js';
import type { SharedBytes } from './PictureResizer.js';

/** A thread's view of memory that another one told of; not to be touched once that has freed it. */
export function viewOfShared(shared: SharedBytes): Uint8Array {
  return 'address' in shared ? nativeView(shared.address, shared.lengthBytes) : new Uint8Array(shared);
}
