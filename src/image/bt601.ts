import type { YuvRange } from './ImageFrame.js';

/** All coefficients here are scaled by 2^20. */
const COEFFICIENT_BITS = 20;

const ONE = 2 ** COEFFICIENT_BITS;
/** Added before the shift, it rounds to nearest. */
const HALF = ONE / 2;
/** Larger than the sum of the coefficients' rounding errors, smaller than 1/1000: exact halves round up. */
const TIE = 256;

/**
 * From R, G, B to one of Y, U, V: clamp((r * R + g * G + b * B + bias) >> 20). The bias holds the component's
 * offset and the rounding.
 */
export interface RgbWeights {
  readonly r: number;
  readonly g: number;
  readonly b: number;
  readonly bias: number;
}

/**
 * ITU-R BT.601. Full: the equations of the RDK toolchain (Y = .299R + .587G + .114B; U = -.169R - .331G + .5B + 128;
 * V = .5R - .419G - .081B + 128), the nearest integer of each for all 2^24 colours. Limited: the integers of OpenCV's COLOR_BGR2YUV_I420.
 */
export const RGB_TO_YUV: Readonly<Record<YuvRange, Readonly<Record<'y' | 'u' | 'v', RgbWeights>>>> = {
  full: {
    y: { r: 313524, g: 615514, b: 119538, bias: HALF + TIE },
    u: { r: -177209, g: -347079, b: 524288, bias: 128 * ONE + HALF },
    v: { r: 524288, g: -439353, b: -84935, bias: 128 * ONE + HALF },
  },
  limited: {
    y: { r: 269484, g: 528482, b: 102760, bias: 16 * ONE + HALF },
    u: { r: -155188, g: -305135, b: 460324, bias: 128 * ONE + HALF },
    v: { r: 460324, g: -385875, b: -74448, bias: 128 * ONE + HALF },
  },
};

/** clamp((value * gain + bias) >> 20). */
export interface Affine {
  readonly gain: number;
  readonly bias: number;
}

const IDENTITY: Affine = { gain: ONE, bias: 0 };

function around(centre: number, newCentre: number, factor: number): Affine {
  const gain = Math.round(factor * ONE);
  return { gain, bias: newCentre * ONE - centre * gain + HALF };
}

/** Converts Y, and U and V, from one range to another. */
export function rangeConversion(
  from: YuvRange,
  to: YuvRange,
): { readonly luma: Affine; readonly chroma: Affine } {
  if (from === to) return { luma: IDENTITY, chroma: IDENTITY };
  if (to === 'limited') return { luma: around(0, 16, 219 / 255), chroma: around(128, 128, 224 / 255) };
  return { luma: around(16, 0, 255 / 219), chroma: around(128, 128, 255 / 224) };
}

/** A grey pixel's Y: what RGB_TO_YUV gives for R = G = B (U and V are then 128 in both ranges). */
export function greyToLuma(to: YuvRange): Affine {
  const { r, g, b, bias } = RGB_TO_YUV[to].y;
  return { gain: r + g + b, bias };
}

function clampToByte(value: number): number {
  return Math.min(Math.max(value, 0), 255);
}

export function applyAffine({ gain, bias }: Affine, value: number): number {
  return clampToByte((value * gain + bias) >> COEFFICIENT_BITS);
}

export function applyRgbWeights(weights: RgbWeights, red: number, green: number, blue: number): number {
  const sum = weights.r * red + weights.g * green + weights.b * blue + weights.bias;
  return clampToByte(sum >> COEFFICIENT_BITS);
}

/** From Y, U, V to one of R, G, B: clamp((y * Y + u * U + v * V + bias) >> 20). */
export interface YuvWeights {
  readonly y: number;
  readonly u: number;
  readonly v: number;
  readonly bias: number;
}

export type YuvToRgb = Readonly<Record<'red' | 'green' | 'blue', YuvWeights>>;

const scaled = (factor: number) => Math.round(factor * ONE);

/** The inverse of BT.601's equations: luma factors of red and blue are .299 and .114. */
function inverse(lumaGain: number, chromaGain: number, lumaOffset: number): YuvToRgb {
  const y = scaled(lumaGain);
  const weights = (u: number, v: number): YuvWeights => {
    const [scaledU, scaledV] = [scaled(u * chromaGain), scaled(v * chromaGain)];
    return { y, u: scaledU, v: scaledV, bias: HALF - lumaOffset * y - 128 * (scaledU + scaledV) };
  };
  return {
    red: weights(0, 1.402),
    green: weights((-0.114 * 1.772) / 0.587, (-0.299 * 1.402) / 0.587),
    blue: weights(1.772, 0),
  };
}

export const YUV_TO_RGB: Readonly<Record<YuvRange, YuvToRgb>> = {
  full: inverse(1, 1, 0),
  limited: inverse(255 / 219, 255 / 224, 16),
};

/** The same in real numbers, without the rounding: y * Y + u * U + v * V + bias, not yet clamped to 0..255. */
export function realYuvWeights({ y, u, v, bias }: YuvWeights): YuvWeights {
  return { y: y / ONE, u: u / ONE, v: v / ONE, bias: (bias - HALF) / ONE };
}

export function applyYuvWeights(weights: YuvWeights, luma: number, u: number, v: number): number {
  return clampToByte((weights.y * luma + weights.u * u + weights.v * v + weights.bias) >> COEFFICIENT_BITS);
}
