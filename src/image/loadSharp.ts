import { loadNative } from '../core/loadNative.js';

export type SharpModule = typeof import('sharp').default;

let sharp: SharpModule | undefined;

/** The picture codecs, loaded by the first compressed picture: raw cameras never need them. @throws EffvitError UNSUPPORTED */
export function loadSharp(): SharpModule {
  if (sharp === undefined) {
    sharp = loadNative<SharpModule>('sharp');
    // One thread a picture: the pool's workers are the parallelism. No picture comes twice.
    sharp.concurrency(1);
    sharp.cache(false);
  }
  return sharp;
}
