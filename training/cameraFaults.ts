import type { Canvas } from './paintWorld.js';
import { Random } from './Random.js';

/** Light and lens of one scene: constant while a camera drives through it. */
export interface CameraFaults {
  /** Gain at the middle and its slope across the picture. */
  readonly exposure: number;
  readonly slopeX: number;
  readonly slopeY: number;
  readonly vignette: number;
  readonly gamma: number;
  readonly contrast: number;
  readonly tint: readonly [number, number, number];
  readonly saturation: number;
  /** A shadow's edge: normal (degrees), place (share of the picture), softness, how dark. */
  readonly shadow: readonly [number, number, number, number] | undefined;
  /** A light spot: x, y, radius (shares), strength (0..255). */
  readonly glare: readonly [number, number, number, number] | undefined;
  /** Defocus and motion, as shares of the shorter side. */
  readonly blur: number;
  readonly motion: number;
  readonly motionUpright: boolean;
  /** Standard deviation of the sensor's noise, in 1/255. */
  readonly noise: number;
}

/** Faults of the usual kind; `strength` 0 is a good camera in good light, 1 the full range. */
export function pickFaults(random: Random, strength = 1): CameraFaults {
  const spread = (amount: number): number => 1 + random.range(-amount, amount) * strength;
  const warm = random.range(-0.14, 0.14) * strength;
  return {
    exposure: random.range(1 - 0.45 * strength, 1 + 0.25 * strength),
    slopeX: random.range(-0.35, 0.35) * strength,
    slopeY: random.range(-0.35, 0.35) * strength,
    vignette: random.range(0, 0.3) * strength,
    gamma: spread(0.25),
    contrast: spread(0.2),
    tint: [1 + warm, spread(0.04), 1 - warm],
    saturation: spread(0.35),
    shadow: random.chance(0.3 * strength)
      ? [random.range(0, 360), random.range(-0.3, 0.3), random.range(0.01, 0.1), random.range(0.25, 0.6)]
      : undefined,
    glare: random.chance(0.15 * strength)
      ? [random.range(0, 1), random.range(0, 1), random.range(0.06, 0.3), random.range(40, 150)]
      : undefined,
    blur: random.chance(0.5) ? 0 : random.range(0, 0.011) * strength,
    motion: random.chance(0.2 * strength) ? random.range(0.008, 0.03) : 0,
    motionUpright: random.chance(0.3),
    noise: random.chance(0.25) ? 0 : random.next() ** 2 * 14 * strength,
  };
}

const NOISE = ((): Float32Array => {
  const random = new Random(0x6e01);
  return Float32Array.from({ length: 1 << 16 }, () => random.normal());
})();

/** One running mean along rows or columns; `radius` in pixels, fractions allowed at the ends. */
function boxBlur(canvas: Canvas, radius: number, upright: boolean): void {
  const { width, height, rgb } = canvas;
  const length = upright ? height : width;
  const lines = upright ? width : height;
  const step = (upright ? width : 1) * 3;
  const whole = Math.floor(radius);
  const part = radius - whole;
  const norm = 1 / (2 * radius + 1);
  const line = new Float32Array(length);
  for (let n = 0; n < lines; n++) {
    const base = (upright ? n : n * width) * 3;
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < length; i++) line[i] = rgb[base + i * step + c] ?? 0;
      const last = length - 1;
      const at = (i: number): number => line[Math.max(0, Math.min(last, i))] ?? 0;
      let sum = 0;
      for (let i = -whole; i <= whole; i++) sum += at(i);
      for (let i = 0; i < length; i++) {
        const edge = part * (at(i - whole - 1) + at(i + whole + 1));
        rgb[base + i * step + c] = (sum + edge) * norm;
        sum += at(i + whole + 1) - at(i - whole);
      }
    }
  }
}

/** Light, lens and sensor applied to a painted canvas; `frameSeed` moves the noise from frame to frame. */
export function develop(canvas: Canvas, faults: CameraFaults, frameSeed: number): Uint8Array {
  const { width, height, rgb } = canvas;
  const short = Math.min(width, height);
  if (faults.blur * short > 0.15) {
    boxBlur(canvas, faults.blur * short, false);
    boxBlur(canvas, faults.blur * short, true);
  }
  if (faults.motion * short > 0.3) boxBlur(canvas, (faults.motion * short) / 2, faults.motionUpright);
  const tone = new Float32Array(1024);
  for (let i = 0; i < 1024; i++) {
    const level = (i / 1023) ** faults.gamma;
    tone[i] = 255 * Math.min(1, Math.max(0, (level - 0.5) * faults.contrast + 0.5));
  }
  const random = new Random(frameSeed, 0x51a1);
  const [angle = 0, place = 0, soft = 1, dark = 0] = faults.shadow ?? [];
  const nx = Math.cos((angle * Math.PI) / 180);
  const ny = Math.sin((angle * Math.PI) / 180);
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const fy = y / height - 0.5;
    let grain = Math.floor(random.next() * NOISE.length);
    for (let x = 0; x < width; x++) {
      const fx = x / width - 0.5;
      let gain =
        faults.exposure *
        (1 + faults.slopeX * fx + faults.slopeY * fy) *
        (1 - faults.vignette * 2 * (fx * fx + fy * fy));
      if (faults.shadow !== undefined) {
        const s = Math.min(1, Math.max(0, (fx * nx + fy * ny - place) / soft));
        gain *= 1 - dark * s;
      }
      let extra = 0;
      if (faults.glare !== undefined) {
        const gx = fx + 0.5 - faults.glare[0];
        const gy = fy + 0.5 - faults.glare[1];
        extra = faults.glare[3] * Math.exp(-(gx * gx + gy * gy) / (faults.glare[2] * faults.glare[2]));
      }
      const to = (y * width + x) * 3;
      const r = rgb[to] ?? 0;
      const g = rgb[to + 1] ?? 0;
      const b = rgb[to + 2] ?? 0;
      const grey = 0.3 * r + 0.59 * g + 0.11 * b;
      for (let c = 0; c < 3; c++) {
        const value = c === 0 ? r : c === 1 ? g : b;
        const lit = (grey + (value - grey) * faults.saturation) * gain * (faults.tint[c] ?? 1) + extra;
        const index = (lit * 4.0118) | 0;
        grain = (grain + 1) & 0xffff;
        const noisy = (tone[Math.max(0, Math.min(1023, index))] ?? 0) + (NOISE[grain] ?? 0) * faults.noise;
        out[to + c] = noisy < 0 ? 0 : noisy > 255 ? 255 : noisy + 0.5;
      }
    }
  }
  return out;
}
