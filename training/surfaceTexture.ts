import { Random } from './Random.js';
import type { VariantSet } from './signs/Look.js';

/** Side of a texture in texels; a power of two, so that coordinates wrap by a mask. */
export const textureSize = 128;

/** How many textures each set has. */
export const textureCount: Readonly<Record<VariantSet, number>> = { train: 160, heldout: 48 };

const cache = new Map<string, Float32Array>();

/** A seamless RGB texture (0..255) of a wall, floor or ceiling: plain, tiles, bricks, planks, panels, grain. */
export function surfaceTexture(set: VariantSet, variant: number): Float32Array {
  const key = `${set}${variant}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = paintTexture(new Random(set === 'train' ? 41 : 42, variant));
  cache.set(key, made);
  return made;
}

/** Seamless value noise around 0, amplitude about 1, `cells` cells across. */
function valueNoise(random: Random, cells: number): Float32Array {
  const lattice = Float32Array.from({ length: cells * cells }, () => random.range(-1, 1));
  const noise = new Float32Array(textureSize * textureSize);
  for (let y = 0; y < textureSize; y++) {
    const fy = (y / textureSize) * cells;
    const y0 = Math.floor(fy);
    const wy = fy - y0;
    const rowA = y0 * cells;
    const rowB = ((y0 + 1) % cells) * cells;
    for (let x = 0; x < textureSize; x++) {
      const fx = (x / textureSize) * cells;
      const x0 = Math.floor(fx);
      const wx = fx - x0;
      const x1 = (x0 + 1) % cells;
      const top = (lattice[rowA + x0] ?? 0) * (1 - wx) + (lattice[rowA + x1] ?? 0) * wx;
      const low = (lattice[rowB + x0] ?? 0) * (1 - wx) + (lattice[rowB + x1] ?? 0) * wx;
      noise[y * textureSize + x] = top * (1 - wy) + low * wy;
    }
  }
  return noise;
}

function paintTexture(random: Random): Float32Array {
  const grey = random.chance(0.5);
  const level = random.range(40, 225);
  const base = [0, 1, 2].map(() => level + random.range(-1, 1) * (grey ? 10 : 60));
  const seam = random.range(0.45, 1.15);
  const kind = random.integer(0, 6);
  const across = random.pick([2, 4, 8]);
  const down = random.pick([2, 4, 8, 16]);
  const seamWidth = random.integer(1, 3);
  const coarse = valueNoise(random, 4);
  const middle = valueNoise(random, 16);
  const fine = valueNoise(random, 64);
  const amplitudes = [random.range(0, 0.16), random.range(0, 0.1), random.range(0, 0.14)];
  const cellShade = Float32Array.from({ length: 256 }, () => 1 + random.range(-1, 1) * 0.12);
  const checker = random.range(0.4, 1);
  const texture = new Float32Array(textureSize * textureSize * 3);
  const cellW = textureSize / across;
  const cellH = textureSize / down;
  for (let y = 0; y < textureSize; y++) {
    const row = Math.floor(y / cellH);
    for (let x = 0; x < textureSize; x++) {
      const shift = kind === 2 || kind === 3 ? (row % 2) * (cellW / 2) : 0;
      const column = Math.floor(((x + shift) % textureSize) / cellW);
      const inX = (x + shift) % cellW;
      const inY = y % cellH;
      let gain = 1;
      if (kind === 1 || kind === 2 || kind === 3) {
        gain = inX < seamWidth || inY < seamWidth ? seam : (cellShade[(row * 16 + column) & 255] ?? 1);
      } else if (kind === 4) {
        gain = inX < seamWidth ? seam : (cellShade[column & 255] ?? 1);
      } else if (kind === 5) {
        gain = (row + column) % 2 === 0 ? 1 : checker;
      }
      const at = y * textureSize + x;
      gain *=
        1 +
        (coarse[at] ?? 0) * (amplitudes[0] ?? 0) +
        (middle[at] ?? 0) * (amplitudes[1] ?? 0) +
        (fine[at] ?? 0) * (amplitudes[2] ?? 0);
      for (let c = 0; c < 3; c++) texture[at * 3 + c] = Math.min(255, Math.max(0, (base[c] ?? 0) * gain));
    }
  }
  return texture;
}
