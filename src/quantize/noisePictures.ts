import type { PicturePlanes } from './PicturePlanes.js';

/** Pictures of even noise in 0..255, the same on every machine, to calibrate on where only speed counts. */
export async function* noisePictures(valueCount: number, count = 4): AsyncGenerator<PicturePlanes> {
  let state = 0x9e3779b9;
  for (let picture = 0; picture < count; picture++) {
    const planes = new Float32Array(valueCount);
    for (let index = 0; index < valueCount; index++) {
      // Marsaglia, Xorshift RNGs, Journal of Statistical Software 8 (2003): shifts 13, 17, 5.
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      planes[index] = (state >>> 0) % 256;
    }
    yield { source: `noise ${picture}`, planes };
  }
}
