import type { YuvRange } from './ImageFrame.js';
import { MOST_TILES, SUMS_ADDRESS, TILE_PX, TILE_SUMS } from './kernelFields.js';

/** Measured properties of the network's input picture. */
export interface PictureFigures {
  /** Mean luma, 0 to 255. */
  readonly brightness: number;
  /** Standard deviation of the luma, 0 to 127.5. */
  readonly contrast: number;
  /** Variance of the Laplacian (4 neighbours, Pech-Pacheco et al. 2000): small if it is blurred. */
  readonly sharpness: number;
  /** Share of the picture's tiles of 32 by 32 pixels with almost no contrast: large if the lens is covered. */
  readonly flatShare: number;
  /** Equal for equal content, and almost never for different content; below 2^53. */
  readonly contentHash: number;
}

/** The part of the NV12 that the picture fills, without a letterbox's border. */
export interface MeasuredPart {
  readonly leftPx: number;
  readonly topPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly strideBytes: number;
  readonly range: YuvRange;
}

/** A tile with a smaller standard deviation is flat; a covered lens still leaves sensor noise. */
export const FLAT_CONTRAST = 2.5;
/** A limited range has 219 steps from black to white. */
const LIMITED = { black: 16, gain: 255 / 219 } as const;
const FULL = { black: 0, gain: 1 } as const;

/** Whether the kernel can measure the picture: it must be large enough for the neighbours of a vector. */
export function isMeasurable({ widthPx, heightPx }: MeasuredPart): boolean {
  return widthPx >= TILE_PX && heightPx >= 1;
}

/** The figures from the sums that the kernel left in its memory. */
export function figuresOf(memory: ArrayBufferLike, part: MeasuredPart): PictureFigures {
  const columns = Math.min(MOST_TILES, Math.floor(part.widthPx / TILE_PX));
  const tileHeight = Math.min(TILE_PX, part.heightPx);
  const rows = Math.min(MOST_TILES, Math.floor(part.heightPx / tileHeight));
  const tiles = columns * rows;
  const tilePixels = TILE_PX * Math.ceil(tileHeight / 2);
  const words = new Int32Array(memory, SUMS_ADDRESS, tiles * TILE_SUMS + 4);
  const { black, gain } = part.range === 'limited' ? LIMITED : FULL;
  const flatBelow = (FLAT_CONTRAST / gain) ** 2;
  let [luma, squares, laplacians, laplacianSquares, flat] = [0, 0, 0, 0, 0];
  for (let tile = 0; tile < tiles; tile++) {
    const at = tile * TILE_SUMS;
    const tileLuma = words[at] ?? 0;
    const tileSquares = words[at + 1] ?? 0;
    luma += tileLuma;
    squares += tileSquares;
    laplacians += words[at + 2] ?? 0;
    laplacianSquares += words[at + 3] ?? 0;
    if (variance(tileLuma, tileSquares, tilePixels) < flatBelow) flat++;
  }
  const pixels = tiles * tilePixels;
  return {
    brightness: (luma / pixels - black) * gain,
    contrast: gain * Math.sqrt(variance(luma, squares, pixels)),
    sharpness: gain * gain * variance(laplacians, laplacianSquares, pixels),
    flatShare: flat / tiles,
    contentHash: hashOf(words.subarray(tiles * TILE_SUMS)),
  };
}

function variance(sum: number, squares: number, count: number): number {
  return Math.max(0, squares / count - (sum / count) ** 2);
}

/** Combines four words to 53 bits. */
function hashOf(words: Int32Array): number {
  let [high, low] = [0, 0];
  for (const [index, word] of words.entries()) {
    high = Math.imul(high ^ word, 0x9e3779b1) + index;
    low = Math.imul(low + word, 0x85ebca6b) ^ (word >>> 13);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
