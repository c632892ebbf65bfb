import type { SimulatedRegion } from './SimulatedPictures.js';

/** Rows and columns that are hashed: few, because the simulated chip's work must not load the CPU. */
const HASHED_ROWS = 64;
const HASHED_BYTES = 64;

/** FNV-1a over 32-bit words (Fowler, Noll, Vo), with the high bits folded in so that each byte affects all bits. */
export function hashNv12(nv12: Uint8Array, seed: number): number {
  const wordCount = nv12.length >>> 2;
  let hash = (0x811c9dc5 ^ seed) | 0;
  // An array of words takes fewer instructions than a DataView.
  const { buffer, byteOffset } =
    nv12.byteOffset % Int32Array.BYTES_PER_ELEMENT === 0 ? nv12 : new Uint8Array(nv12);
  const words = new Int32Array(buffer, byteOffset, wordCount);
  for (let index = 0; index < wordCount; index++) {
    hash = Math.imul(hash ^ (words[index] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
  }
  for (let index = wordCount << 2; index < nv12.length; index++) {
    hash = Math.imul(hash ^ (nv12[index] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
  }
  return mix(hash);
}

/** Hash of a grid of the region's luma; equal regions give equal numbers. */
export function hashRegion({ bytes, shape, region }: SimulatedRegion, seed: number): number {
  const rows = Math.min(HASHED_ROWS, region.heightPx);
  const count = Math.min(HASHED_BYTES, region.widthPx);
  const looked = new Uint8Array(rows * count);
  let into = 0;
  for (let row = 0; row < rows; row++) {
    const start =
      (region.topPx + Math.floor((row * region.heightPx) / rows)) * shape.strideBytes + region.leftPx;
    for (let column = 0; column < count; column++) {
      looked[into++] = bytes[start + Math.floor((column * region.widthPx) / count)] ?? 0;
    }
  }
  return hashNv12(looked, seed);
}

/** A number in [-1, 1) that depends on every bit of `hash` (the finaliser of MurmurHash3, Austin Appleby). */
export function signedUnit(hash: number): number {
  return mix(hash) / 2 ** 31;
}

/**
 * Fills `logits` from a hash: one class stands out as with a trained model (a softmax of about 0.7 among 1000
 * classes), the rest is noise.
 */
export function fillHashLogits(logits: Float32Array, hash: number): void {
  let state = hash | 1;
  for (let index = 0; index < logits.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    logits[index] = state / 2 ** 31;
  }
  logits[(hash >>> 0) % logits.length] = 8;
}

function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
