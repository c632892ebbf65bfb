// Rows of interleaved colour: the horizontal half of resizing, then Y, U and V.
import * as F from '../kernelFields';
import { address, COEFFICIENT_BITS, field, ROUNDED_BITS, ROUNDING, storeBytes } from './fields';
import { rowAddress, weighPlane } from './weighRows';

/** (w0 * c0 + w1 * c1 + w2 * c2 + bias) >> 20, not yet clamped. */
@inline
function component(weights: usize, c0: v128, c1: v128, c2: v128): v128 {
  const sum = i32x4.add(
    i32x4.add(i32x4.mul(c0, v128.load_splat<u32>(weights)), i32x4.mul(c1, v128.load_splat<u32>(weights, 4))),
    i32x4.add(i32x4.mul(c2, v128.load_splat<u32>(weights, 8)), v128.load_splat<u32>(weights, 12)),
  );
  return i32x4.shr_s(sum, COEFFICIENT_BITS);
}

/** Converts four pixels, each a sum of channels in i32 lanes, to four bytes of Y and, on some rows, two of UV. */
@inline
function outputPixels(
  fields: usize,
  a: v128,
  b: v128,
  c: v128,
  d: v128,
  luma: usize,
  chroma: usize,
  withChroma: bool,
  oddColumns: bool,
): void {
  const rounding = i32x4.splat(ROUNDING);
  const abLow = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cdLow = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  const c0 = i32x4.shr_s(i32x4.add(v128.shuffle<i64>(abLow, cdLow, 0, 2), rounding), ROUNDED_BITS);
  const c1 = i32x4.shr_s(i32x4.add(v128.shuffle<i64>(abLow, cdLow, 1, 3), rounding), ROUNDED_BITS);
  const c2 = i32x4.shr_s(i32x4.add(v128.shuffle<i64>(abHigh, cdHigh, 0, 2), rounding), ROUNDED_BITS);
  storeBytes(luma, component(fields + (F.WEIGHTS_Y << 2), c0, c1, c2));
  if (withChroma) {
    const u = component(fields + (F.WEIGHTS_U << 2), c0, c1, c2);
    const v = component(fields + (F.WEIGHTS_V << 2), c0, c1, c2);
    storeBytes(chroma, oddColumns ? v128.shuffle<i32>(u, v, 1, 5, 3, 7) : v128.shuffle<i32>(u, v, 0, 4, 2, 6));
  }
}

/**
 * Two pixels side by side, [p0 p1], to [c0(p0) c0(p1) c1(p0) c1(p1) c2(p0) c2(p1) - -]. Not as a shuffle: V8 would load
 * the indices anew at each, but keeps those of a swizzle in a register.
 */
@inline
function channelPairs(values: v128, pixelBytes: i32): v128 {
  if (pixelBytes == 3)
    return i8x16.swizzle(values, i8x16(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 12, 13, 14, 15));
  return i8x16.swizzle(values, i8x16(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
}

/** One pixel from two pixels of two rows. */
@inline
function fusedPixel(
  upper: usize,
  lower: usize,
  upperWeight: v128,
  lowerWeight: v128,
  offset: usize,
  weights: usize,
  index: i32,
  pixelBytes: i32,
): v128 {
  const at = load<i32>(offset + (index << 2));
  const sum = i16x8.add(
    i16x8.mul(v128.load_ext<u8>(upper + at), upperWeight),
    i16x8.mul(v128.load_ext<u8>(lower + at), lowerWeight),
  );
  return i32x4.dot_i16x8_s(channelPairs(i16x8.shr_u(sum, 1), pixelBytes), v128.load_splat<u32>(weights + (index << 2)));
}

/** A row of pixels, each from two pixels of two rows, in one step: at most two taps per axis. */
@inline
function fusedRow(
  fields: usize,
  row: i32,
  luma: usize,
  chroma: usize,
  pixelBytes: i32,
  withChroma: bool,
  oddColumns: bool,
): void {
  const plane = fields + (F.LUMA_PLANE << 2);
  const first = load<i32>(address(plane, F.ROW_FIRSTS) + (row << 2));
  const count = load<i32>(address(plane, F.ROW_COUNTS) + (row << 2));
  const rows = address(plane, F.ROW_ADDRESSES) + (first << 2);
  const rowWeights = address(plane, F.ROW_WEIGHTS) + row * field(plane, F.ROW_WEIGHTS_BYTES);
  const upper = rowAddress(rows);
  const upperWeight = v128.load_splat<u16>(rowWeights);
  let lower = upper;
  let lowerWeight = i16x8.splat(0);
  if (count > 1) {
    lower = rowAddress(rows + 4);
    lowerWeight = v128.load_splat<u16>(rowWeights, 2);
  }
  const outputs = field(plane, F.OUTPUTS);
  const offsets = address(plane, F.COLUMN_OFFSETS);
  const weights = address(plane, F.COLUMN_WEIGHTS);
  for (let index = 0; index < outputs; index += 4) {
    const a = fusedPixel(upper, lower, upperWeight, lowerWeight, offsets, weights, index, pixelBytes);
    const b = fusedPixel(upper, lower, upperWeight, lowerWeight, offsets, weights, index + 1, pixelBytes);
    const c = fusedPixel(upper, lower, upperWeight, lowerWeight, offsets, weights, index + 2, pixelBytes);
    const d = fusedPixel(upper, lower, upperWeight, lowerWeight, offsets, weights, index + 3, pixelBytes);
    outputPixels(fields, a, b, c, d, luma + index, chroma + index, withChroma, oddColumns);
  }
}

/** A weighed pair of pixels of a weighed row. */
@inline
function weighedPair(source: usize, weights: usize, pixelBytes: i32): v128 {
  return i32x4.dot_i16x8_s(channelPairs(v128.load(source), pixelBytes), v128.load_splat<u32>(weights));
}

/** A row of pixels from a weighed row. @param hasTwoPairs a constant: whether each pixel has two pairs of taps. */
@inline
function weighedPixelRow(
  fields: usize,
  luma: usize,
  chroma: usize,
  pixelBytes: i32,
  withChroma: bool,
  oddColumns: bool,
  hasTwoPairs: bool,
): void {
  const plane = fields + (F.LUMA_PLANE << 2);
  const source = address(plane, F.WEIGHED_ROW);
  const outputs = field(plane, F.OUTPUTS);
  const pairs = field(plane, F.COLUMN_PAIRS);
  const step = pixelBytes << 2;
  let offsets = address(plane, F.COLUMN_OFFSETS);
  let weights = address(plane, F.COLUMN_WEIGHTS);
  for (let index = 0; index < outputs; index += 4) {
    let p0 = source + load<i32>(offsets);
    let p1 = source + load<i32>(offsets, 4);
    let p2 = source + load<i32>(offsets, 8);
    let p3 = source + load<i32>(offsets, 12);
    offsets += 16;
    let a = weighedPair(p0, weights, pixelBytes);
    let b = weighedPair(p1, weights + 4, pixelBytes);
    let c = weighedPair(p2, weights + 8, pixelBytes);
    let d = weighedPair(p3, weights + 12, pixelBytes);
    if (hasTwoPairs) {
      a = i32x4.add(a, weighedPair(p0 + step, weights + 16, pixelBytes));
      b = i32x4.add(b, weighedPair(p1 + step, weights + 20, pixelBytes));
      c = i32x4.add(c, weighedPair(p2 + step, weights + 24, pixelBytes));
      d = i32x4.add(d, weighedPair(p3 + step, weights + 28, pixelBytes));
      weights += 32;
    } else {
      weights += 16;
      for (let pair = 1; pair < pairs; pair++) {
        p0 += step;
        p1 += step;
        p2 += step;
        p3 += step;
        a = i32x4.add(a, weighedPair(p0, weights, pixelBytes));
        b = i32x4.add(b, weighedPair(p1, weights + 4, pixelBytes));
        c = i32x4.add(c, weighedPair(p2, weights + 8, pixelBytes));
        d = i32x4.add(d, weighedPair(p3, weights + 12, pixelBytes));
        weights += 16;
      }
    }
    outputPixels(fields, a, b, c, d, luma + index, chroma + index, withChroma, oddColumns);
  }
}

/** Selects the variant once per row instead of once per pixel. */
@inline
function pixelRow(
  fields: usize,
  row: i32,
  luma: usize,
  chroma: usize,
  pixelBytes: i32,
  withChroma: bool,
  oddColumns: bool,
): void {
  if (field(fields, F.IS_FUSED)) {
    fusedRow(fields, row, luma, chroma, pixelBytes, withChroma, oddColumns);
  } else {
    const plane = fields + (F.LUMA_PLANE << 2);
    weighPlane(plane, row);
    if (field(plane, F.COLUMN_PAIRS) == 2)
      weighedPixelRow(fields, luma, chroma, pixelBytes, withChroma, oddColumns, true);
    else weighedPixelRow(fields, luma, chroma, pixelBytes, withChroma, oddColumns, false);
  }
}

export function rowOf3(fields: usize, row: i32, luma: usize): void {
  pixelRow(fields, row, luma, 0, 3, false, false);
}

export function rowOf4(fields: usize, row: i32, luma: usize): void {
  pixelRow(fields, row, luma, 0, 4, false, false);
}

export function chromaRowOf3(fields: usize, row: i32, luma: usize, chroma: usize): void {
  if (field(fields, F.INNER_LEFT) & 1) pixelRow(fields, row, luma, chroma, 3, true, true);
  else pixelRow(fields, row, luma, chroma, 3, true, false);
}

export function chromaRowOf4(fields: usize, row: i32, luma: usize, chroma: usize): void {
  if (field(fields, F.INNER_LEFT) & 1) pixelRow(fields, row, luma, chroma, 4, true, true);
  else pixelRow(fields, row, luma, chroma, 4, true, false);
}
