import { MOST_TILES, TILE_PX } from '../../src/image/kernelFields.js';
import { FLAT_CONTRAST, type PictureFigures } from '../../src/image/PictureFigures.js';

/** What the kernel measures, pixel by pixel: the figures of a luma plane, without the hash. */
export function pictureFiguresTwin(
  luma: Uint8Array,
  widthPx: number,
  heightPx: number,
): Omit<PictureFigures, 'contentHash'> {
  const at = (column: number, row: number): number => {
    const x = Math.min(Math.max(column, 0), widthPx - 1);
    const y = Math.min(Math.max(row, 0), heightPx - 1);
    return luma[y * widthPx + x] ?? 0;
  };
  const tileHeight = Math.min(TILE_PX, heightPx);
  const pixels: number[] = [];
  const edges: number[] = [];
  let [flat, tiles] = [0, 0];
  for (const top of beginnings(heightPx, tileHeight)) {
    for (const left of beginnings(widthPx, TILE_PX)) {
      const tile: number[] = [];
      for (let y = top; y < top + tileHeight; y += 2) {
        for (let x = left; x < left + TILE_PX; x++) {
          tile.push(at(x, y));
          edges.push(at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4 * at(x, y));
        }
      }
      pixels.push(...tile);
      if (Math.sqrt(variance(tile)) < FLAT_CONTRAST) flat++;
      tiles++;
    }
  }
  return {
    brightness: mean(pixels),
    contrast: Math.sqrt(variance(pixels)),
    sharpness: variance(edges),
    flatShare: flat / tiles,
  };
}

/** Where the tiles of an axis begin: spread from one end to the other. */
function beginnings(length: number, tile: number): number[] {
  const count = Math.min(MOST_TILES, Math.floor(length / tile));
  return Array.from({ length: count }, (_, index) =>
    count === 1 ? 0 : Math.floor((index * (length - tile)) / (count - 1)),
  );
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return mean(values.map((one) => (one - middle) ** 2));
}
