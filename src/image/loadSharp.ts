import { loadNative } from '../core/loadNative.js';

export type SharpModule = typeof import('sharp').default;

let sharp: SharpModule | undefined;

/** The picture codecs; loaded on first use, since raw cameras never need them. @throws EffvitError UNSUPPORTED */
export function loadSharp(): SharpModule {
  if (sharp === undefined) {
    sharp = loadNative<SharpModule>('sharp');
    // One thread per picture, since the pool's workers already run in parallel. No cache, since no picture repeats.
    sharp.concurrency(1);
    sharp.cache(false);
  }
  return sharp;
}
