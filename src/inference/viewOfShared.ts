import { nativeView } from './bpu/nativeView.js';
import type { SharedBytes } from './PictureResizer.js';

/** A view of memory that another thread shared; must not be accessed after that thread has freed it. */
export function viewOfShared(shared: SharedBytes): Uint8Array {
  return 'address' in shared ? nativeView(shared.address, shared.lengthBytes) : new Uint8Array(shared);
}
