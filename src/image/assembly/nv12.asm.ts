// The NV12 kernel, in AssemblyScript: what nv12Twin.ts defines, in integers and 128-bit vectors. One call converts
// one frame that lies in shared memory; the fields it is called with are described in kernelFields.ts.
import {
  BIAS,
  BORDER_LUMA,
  CHROMA,
  CHROMA_PLANE,
  CHROMA_ROW,
  COLUMN_OFFSETS,
  COLUMN_PAIRS,
  COLUMN_WEIGHTS,
  GAIN,
  HAS_BORDER,
  INNER_HEIGHT,
  INNER_LEFT,
  INNER_TOP,
  INNER_WIDTH,
  IS_FUSED,
  LUMA_PLANE,
  LUMA_ROW,
  NV12,
  OUT_HEIGHT,
  OUT_WIDTH,
  OUTPUTS,
  PIXEL_BYTES,
  ROW_ADDRESSES,
  ROW_BYTES,
  ROW_COUNTS,
  ROW_FIRSTS,
  ROW_WEIGHTS,
  ROW_WEIGHTS_BYTES,
  SHIFT,
  UNPACK,
  WEIGHED_ROW,
  WEIGHTS_U,
  WEIGHTS_V,
  WEIGHTS_Y,
} from '../kernelFields';
import { startUnpacking, unpackUpTo } from './unpack';

/** Half of 2^21: 7 bits of the vertical and 14 of the horizontal weights are rounded away. */
const ROUNDING: i32 = 1 << 20;
const ROUNDED_BITS: i32 = 21;
const COEFFICIENT_BITS: i32 = 20;

@inline
function field(fields: usize, index: i32): i32 {
  return load<i32>(fields + (index << 2));
}

@inline
function address(fields: usize, index: i32): usize {
  return <usize>load<u32>(fields + (index << 2));
}

/** 16 bytes of one row, weighed and added to two accumulators. */
@inline
function weighed(sum: v128, source: usize, weight: v128): v128 {
  return i16x8.add(sum, i16x8.mul(v128.load_ext<u8>(source), weight));
}

/** Bytes that rows lie behind their address: those of the frame itself, not those that were unpacked. */
let rowShift: i32 = 0;

/** Weighs `count` rows byte by byte: sums of at most 255 * 256, halved to fit an i16. */
function weighRows(rows: usize, weights: usize, count: i32, bytes: i32, target: usize): void {
  const shift = rowShift;
  let x: i32 = 0;
  for (; x + 64 <= bytes; x += 64) {
    const at = x + shift;
    const top = <usize>load<u32>(rows) + at;
    const topWeight = v128.load_splat<u16>(weights);
    let s0 = i16x8.mul(v128.load_ext<u8>(top), topWeight);
    let s1 = i16x8.mul(v128.load_ext<u8>(top, 8), topWeight);
    let s2 = i16x8.mul(v128.load_ext<u8>(top, 16), topWeight);
    let s3 = i16x8.mul(v128.load_ext<u8>(top, 24), topWeight);
    let s4 = i16x8.mul(v128.load_ext<u8>(top, 32), topWeight);
    let s5 = i16x8.mul(v128.load_ext<u8>(top, 40), topWeight);
    let s6 = i16x8.mul(v128.load_ext<u8>(top, 48), topWeight);
    let s7 = i16x8.mul(v128.load_ext<u8>(top, 56), topWeight);
    for (let k = 1; k < count; k++) {
      const source = <usize>load<u32>(rows + (k << 2)) + at;
      const weight = v128.load_splat<u16>(weights + (k << 1));
      s0 = weighed(s0, source, weight);
      s1 = weighed(s1, source + 8, weight);
      s2 = weighed(s2, source + 16, weight);
      s3 = weighed(s3, source + 24, weight);
      s4 = weighed(s4, source + 32, weight);
      s5 = weighed(s5, source + 40, weight);
      s6 = weighed(s6, source + 48, weight);
      s7 = weighed(s7, source + 56, weight);
    }
    const to = target + (x << 1);
    v128.store(to, i16x8.shr_u(s0, 1));
    v128.store(to, i16x8.shr_u(s1, 1), 16);
    v128.store(to, i16x8.shr_u(s2, 1), 32);
    v128.store(to, i16x8.shr_u(s3, 1), 48);
    v128.store(to, i16x8.shr_u(s4, 1), 64);
    v128.store(to, i16x8.shr_u(s5, 1), 80);
    v128.store(to, i16x8.shr_u(s6, 1), 96);
    v128.store(to, i16x8.shr_u(s7, 1), 112);
  }
  for (; x < bytes; x += 16) {
    let s0 = i16x8.splat(0);
    let s1 = s0;
    for (let k = 0; k < count; k++) {
      const source = <usize>load<u32>(rows + (k << 2)) + (x + shift);
      const weight = v128.load_splat<u16>(weights + (k << 1));
      s0 = weighed(s0, source, weight);
      s1 = weighed(s1, source + 8, weight);
    }
    const to = target + (x << 1);
    v128.store(to, i16x8.shr_u(s0, 1));
    v128.store(to, i16x8.shr_u(s1, 1), 16);
  }
}

/** Weighs the rows that output row `row` of a plane is made of. */
@inline
function weighPlane(plane: usize, row: i32): void {
  const first = load<i32>(address(plane, ROW_FIRSTS) + (row << 2));
  weighRows(
    address(plane, ROW_ADDRESSES) + (first << 2),
    address(plane, ROW_WEIGHTS) + row * field(plane, ROW_WEIGHTS_BYTES),
    load<i32>(address(plane, ROW_COUNTS) + (row << 2)),
    field(plane, ROW_BYTES),
    address(plane, WEIGHED_ROW),
  );
}

/** Four i32 to four bytes, saturated. */
@inline
function storeBytes(target: usize, values: v128): void {
  const words = i16x8.narrow_i32x4_s(values, values);
  v128.store32_lane(target, i8x16.narrow_i16x8_u(words, words), 0);
}

/** Single-channel outputs, four at a time, from a weighed row. */
function outputRow(plane: usize, target: usize): void {
  const source = address(plane, WEIGHED_ROW);
  const outputs = field(plane, OUTPUTS);
  const pairs = field(plane, COLUMN_PAIRS);
  const gain = i32x4.splat(field(plane, GAIN));
  const bias = i32x4.splat(field(plane, BIAS));
  const rounding = i32x4.splat(ROUNDING);
  let offsets = address(plane, COLUMN_OFFSETS);
  let weights = address(plane, COLUMN_WEIGHTS);
  for (let index = 0; index < outputs; index += 4) {
    let p0 = source + load<i32>(offsets);
    let p1 = source + load<i32>(offsets, 4);
    let p2 = source + load<i32>(offsets, 8);
    let p3 = source + load<i32>(offsets, 12);
    offsets += 16;
    let sum = rounding;
    for (let pair = 0; pair < pairs; pair++) {
      let values = v128.load32_zero(p0);
      values = v128.load_lane<u32>(p1, values, 1);
      values = v128.load_lane<u32>(p2, values, 2);
      values = v128.load_lane<u32>(p3, values, 3);
      sum = i32x4.add(sum, i32x4.dot_i16x8_s(values, v128.load(weights)));
      weights += 16;
      p0 += 4;
      p1 += 4;
      p2 += 4;
      p3 += 4;
    }
    const value = i32x4.shr_s(sum, ROUNDED_BITS);
    storeBytes(target + index, i32x4.shr_s(i32x4.add(i32x4.mul(value, gain), bias), COEFFICIENT_BITS));
  }
}

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
  storeBytes(luma, component(fields + (WEIGHTS_Y << 2), c0, c1, c2));
  if (withChroma) {
    const u = component(fields + (WEIGHTS_U << 2), c0, c1, c2);
    const v = component(fields + (WEIGHTS_V << 2), c0, c1, c2);
    storeBytes(chroma, oddColumns ? v128.shuffle<i32>(u, v, 1, 5, 3, 7) : v128.shuffle<i32>(u, v, 0, 4, 2, 6));
  }
}

/** Two pixels side by side, [p0 p1], to [c0(p0) c0(p1) c1(p0) c1(p1) c2(p0) c2(p1) - -]. */
@inline
function channelPairs(values: v128, pixelBytes: i32): v128 {
  if (pixelBytes == 3) return v128.shuffle<i16>(values, values, 0, 3, 1, 4, 2, 5, 6, 7);
  return v128.shuffle<i16>(values, values, 0, 4, 1, 5, 2, 6, 3, 7);
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

/** A row of pixels, each from two pixels of two rows, in one go: at most two taps an axis. */
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
  const plane = fields + (LUMA_PLANE << 2);
  const first = load<i32>(address(plane, ROW_FIRSTS) + (row << 2));
  const count = load<i32>(address(plane, ROW_COUNTS) + (row << 2));
  const rows = address(plane, ROW_ADDRESSES) + (first << 2);
  const rowWeights = address(plane, ROW_WEIGHTS) + row * field(plane, ROW_WEIGHTS_BYTES);
  const upper = <usize>load<u32>(rows) + rowShift;
  const upperWeight = v128.load_splat<u16>(rowWeights);
  let lower = upper;
  let lowerWeight = i16x8.splat(0);
  if (count > 1) {
    lower = <usize>load<u32>(rows, 4) + rowShift;
    lowerWeight = v128.load_splat<u16>(rowWeights, 2);
  }
  const outputs = field(plane, OUTPUTS);
  const offsets = address(plane, COLUMN_OFFSETS);
  const weights = address(plane, COLUMN_WEIGHTS);
  for (let index = 0; index < outputs; index += 4) {
    const a = fusedPixel(upper, lower, upperWeight, lowerWeight, offsets, weights, index, pixelBytes);
    const b = fusedPixel(upper, lower, upperWeight, lowerWeight, offsets, weights, index + 1, pixelBytes);
    const c = fusedPixel(upper, lower, upperWeight, lowerWeight, offsets, weights, index + 2, pixelBytes);
    const d = fusedPixel(upper, lower, upperWeight, lowerWeight, offsets, weights, index + 3, pixelBytes);
    outputPixels(fields, a, b, c, d, luma + index, chroma + index, withChroma, oddColumns);
  }
}

/** A pair of pixels of a weighed row, weighed and added. */
@inline
function weighedPair(sum: v128, source: usize, weights: usize, pixelBytes: i32): v128 {
  const values = channelPairs(v128.load(source), pixelBytes);
  return i32x4.add(sum, i32x4.dot_i16x8_s(values, v128.load_splat<u32>(weights)));
}

/** A row of pixels from a weighed row. */
@inline
function weighedPixelRow(
  fields: usize,
  luma: usize,
  chroma: usize,
  pixelBytes: i32,
  withChroma: bool,
  oddColumns: bool,
): void {
  const plane = fields + (LUMA_PLANE << 2);
  const source = address(plane, WEIGHED_ROW);
  const outputs = field(plane, OUTPUTS);
  const pairs = field(plane, COLUMN_PAIRS);
  const step = pixelBytes << 2;
  let offsets = address(plane, COLUMN_OFFSETS);
  let weights = address(plane, COLUMN_WEIGHTS);
  for (let index = 0; index < outputs; index += 4) {
    let p0 = source + load<i32>(offsets);
    let p1 = source + load<i32>(offsets, 4);
    let p2 = source + load<i32>(offsets, 8);
    let p3 = source + load<i32>(offsets, 12);
    offsets += 16;
    let a = i32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let pair = 0; pair < pairs; pair++) {
      a = weighedPair(a, p0, weights, pixelBytes);
      b = weighedPair(b, p1, weights + 4, pixelBytes);
      c = weighedPair(c, p2, weights + 8, pixelBytes);
      d = weighedPair(d, p3, weights + 12, pixelBytes);
      weights += 16;
      p0 += step;
      p1 += step;
      p2 += step;
      p3 += step;
    }
    outputPixels(fields, a, b, c, d, luma + index, chroma + index, withChroma, oddColumns);
  }
}

/** The variants of a row, so that what does not change from pixel to pixel is decided once. */
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
  if (field(fields, IS_FUSED)) {
    fusedRow(fields, row, luma, chroma, pixelBytes, withChroma, oddColumns);
  } else {
    weighPlane(fields + (LUMA_PLANE << 2), row);
    weighedPixelRow(fields, luma, chroma, pixelBytes, withChroma, oddColumns);
  }
}

function rowOf3(fields: usize, row: i32, luma: usize): void {
  pixelRow(fields, row, luma, 0, 3, false, false);
}

function rowOf4(fields: usize, row: i32, luma: usize): void {
  pixelRow(fields, row, luma, 0, 4, false, false);
}

function chromaRowOf3(fields: usize, row: i32, luma: usize, chroma: usize): void {
  if (field(fields, INNER_LEFT) & 1) pixelRow(fields, row, luma, chroma, 3, true, true);
  else pixelRow(fields, row, luma, chroma, 3, true, false);
}

function chromaRowOf4(fields: usize, row: i32, luma: usize, chroma: usize): void {
  if (field(fields, INNER_LEFT) & 1) pixelRow(fields, row, luma, chroma, 4, true, true);
  else pixelRow(fields, row, luma, chroma, 4, true, false);
}

function fillBorder(fields: usize): void {
  const lumaBytes = field(fields, OUT_WIDTH) * field(fields, OUT_HEIGHT);
  const nv12 = address(fields, NV12);
  memory.fill(nv12, <u8>field(fields, BORDER_LUMA), lumaBytes);
  memory.fill(nv12 + lumaBytes, 128, lumaBytes >> 1);
}

/** The row in the result, or a scratch row where groups of four would write beyond the row's end. */
@inline
function rowTarget(result: usize, scratch: usize, bytes: i32): usize {
  return bytes & 3 ? scratch : result;
}

@inline
function finishRow(result: usize, target: usize, bytes: i32): void {
  if (target != result) memory.copy(result, target, bytes);
}

/** Converts one frame. */
export function convert(fields: usize): void {
  const width = field(fields, OUT_WIDTH);
  const innerWidth = field(fields, INNER_WIDTH);
  const innerHeight = field(fields, INNER_HEIGHT);
  const left = field(fields, INNER_LEFT);
  const top = field(fields, INNER_TOP);
  const pixelBytes = field(fields, PIXEL_BYTES);
  const chromaKind = field(fields, CHROMA);
  const lumaPlane = fields + (LUMA_PLANE << 2);
  const chromaPlane = fields + (CHROMA_PLANE << 2);
  const firsts = address(lumaPlane, ROW_FIRSTS);
  const counts = address(lumaPlane, ROW_COUNTS);
  // Chroma is that of even columns of the result: of the inner columns from `odd` on.
  const odd = left & 1;
  const chromaBytes = ((innerWidth - odd + 1) >> 1) << 1;
  let luma = address(fields, NV12) + top * width + left;
  const chromaStart = address(fields, NV12) + width * field(fields, OUT_HEIGHT) + left + odd;

  if (field(fields, HAS_BORDER)) fillBorder(fields);
  rowShift = field(fields, UNPACK) ? 0 : field(fields, SHIFT);
  startUnpacking();
  for (let row = 0; row < innerHeight; row++) {
    unpackUpTo(fields, load<i32>(firsts + (row << 2)) + load<i32>(counts + (row << 2)));
    const y = top + row;
    const withChroma = (y & 1) == 0 && chromaBytes > 0;
    const chroma = chromaStart + (y >> 1) * width;
    const lumaTarget = rowTarget(luma, address(fields, LUMA_ROW), innerWidth);
    const chromaTarget = rowTarget(chroma, address(fields, CHROMA_ROW), innerWidth | chromaBytes);
    if (pixelBytes == 0) {
      weighPlane(lumaPlane, row);
      outputRow(lumaPlane, lumaTarget);
      if (withChroma) {
        if (chromaKind == 0) {
          memory.fill(chromaTarget, 128, chromaBytes);
        } else {
          if (chromaKind == 2) weighPlane(chromaPlane, row);
          outputRow(chromaPlane, chromaTarget);
        }
      }
    } else if (withChroma) {
      if (pixelBytes == 3) chromaRowOf3(fields, row, lumaTarget, chromaTarget);
      else chromaRowOf4(fields, row, lumaTarget, chromaTarget);
    } else if (pixelBytes == 3) {
      rowOf3(fields, row, lumaTarget);
    } else {
      rowOf4(fields, row, lumaTarget);
    }
    finishRow(luma, lumaTarget, innerWidth);
    if (withChroma) finishRow(chroma, chromaTarget, chromaBytes);
    luma += width;
  }
}
