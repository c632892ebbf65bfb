// The NV12 kernel, in AssemblyScript, with integers and 128-bit vectors; test/helpers/nv12Twin.ts defines the result.
// One call resizes and converts one frame in shared memory; kernelFields.ts describes the fields of a call.
import * as F from '../kernelFields';
import { address, COEFFICIENT_BITS, field, ROUNDED_BITS, ROUNDING, storeBytes } from './fields';
import { chromaRowOf3, chromaRowOf4, rowOf3, rowOf4 } from './pixelRows';
import { startUnpacking, unpackUpTo } from './unpack';
import { setRowShift, weighPlane } from './weighRows';

export { measure } from './pictureSums';

/** One pair of values, weighed, for each of four outputs. */
@inline
function weighedPairs(p0: usize, p1: usize, p2: usize, p3: usize, weights: usize): v128 {
  let values = v128.load32_zero(p0);
  values = v128.load_lane<u32>(p1, values, 1);
  values = v128.load_lane<u32>(p2, values, 2);
  values = v128.load_lane<u32>(p3, values, 3);
  return i32x4.dot_i16x8_s(values, v128.load(weights));
}

/** Two pairs of values, weighed, for each of four outputs. */
@inline
function weighedTwoPairs(p0: usize, p1: usize, p2: usize, p3: usize, weights: usize): v128 {
  const low = v128.load_lane<u64>(p1, v128.load64_zero(p0), 1);
  const high = v128.load_lane<u64>(p3, v128.load64_zero(p2), 1);
  return i32x4.add(
    i32x4.dot_i16x8_s(v128.shuffle<i32>(low, high, 0, 2, 4, 6), v128.load(weights)),
    i32x4.dot_i16x8_s(v128.shuffle<i32>(low, high, 1, 3, 5, 7), v128.load(weights, 16)),
  );
}

/**
 * Single-channel outputs, four at a time, from a weighed row. Constants leave out what is not needed.
 *
 * @param fewPairs the pairs of an output if they are one or two, else 0.
 */
@inline
function outputs(plane: usize, target: usize, fewPairs: i32, isAffine: bool): void {
  const pairs = field(plane, F.COLUMN_PAIRS);
  const source = address(plane, F.WEIGHED_ROW);
  const count = field(plane, F.OUTPUTS);
  const gain = i32x4.splat(field(plane, F.GAIN));
  const bias = i32x4.splat(field(plane, F.BIAS));
  const rounding = i32x4.splat(ROUNDING);
  let offsets = address(plane, F.COLUMN_OFFSETS);
  let weights = address(plane, F.COLUMN_WEIGHTS);
  for (let index = 0; index < count; index += 4) {
    let p0 = source + load<i32>(offsets);
    let p1 = source + load<i32>(offsets, 4);
    let p2 = source + load<i32>(offsets, 8);
    let p3 = source + load<i32>(offsets, 12);
    offsets += 16;
    let sum = rounding;
    if (fewPairs == 1) {
      sum = i32x4.add(sum, weighedPairs(p0, p1, p2, p3, weights));
      weights += 16;
    } else if (fewPairs == 2) {
      sum = i32x4.add(sum, weighedTwoPairs(p0, p1, p2, p3, weights));
      weights += 32;
    } else {
      let pair = 2;
      for (; pair <= pairs; pair += 2) {
        sum = i32x4.add(sum, weighedTwoPairs(p0, p1, p2, p3, weights));
        weights += 32;
        p0 += 8;
        p1 += 8;
        p2 += 8;
        p3 += 8;
      }
      if (pair == pairs + 1) {
        sum = i32x4.add(sum, weighedPairs(p0, p1, p2, p3, weights));
        weights += 16;
      }
    }
    const value = i32x4.shr_s(sum, ROUNDED_BITS);
    const output = isAffine ? i32x4.shr_s(i32x4.add(i32x4.mul(value, gain), bias), COEFFICIENT_BITS) : value;
    storeBytes(target + index, output);
  }
}

/** Selects the variant once per row. */
function outputRow(plane: usize, target: usize): void {
  const pairs = field(plane, F.COLUMN_PAIRS);
  const bias = field(plane, F.BIAS);
  // A gain of 1, and a bias that the shift takes away.
  const isSame = field(plane, F.GAIN) == 1 << COEFFICIENT_BITS && bias >= 0 && bias < 1 << COEFFICIENT_BITS;
  if (!isSame) outputs(plane, target, 0, true);
  else if (pairs == 1) outputs(plane, target, 1, false);
  else if (pairs == 2) outputs(plane, target, 2, false);
  else outputs(plane, target, 0, false);
}

function fillBorder(fields: usize): void {
  const lumaBytes = field(fields, F.OUT_WIDTH) * field(fields, F.OUT_HEIGHT);
  const nv12 = address(fields, F.NV12);
  memory.fill(nv12, <u8>field(fields, F.BORDER_LUMA), lumaBytes);
  memory.fill(nv12 + lumaBytes, 128, lumaBytes >> 1);
}

/** The row in the result, or a scratch row if groups of four would write beyond the row's end. */
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
  const width = field(fields, F.OUT_WIDTH);
  const innerWidth = field(fields, F.INNER_WIDTH);
  const innerHeight = field(fields, F.INNER_HEIGHT);
  const left = field(fields, F.INNER_LEFT);
  const top = field(fields, F.INNER_TOP);
  const pixelBytes = field(fields, F.PIXEL_BYTES);
  const chromaKind = field(fields, F.CHROMA);
  const lumaPlane = fields + (F.LUMA_PLANE << 2);
  const chromaPlane = fields + (F.CHROMA_PLANE << 2);
  const firsts = address(lumaPlane, F.ROW_FIRSTS);
  const counts = address(lumaPlane, F.ROW_COUNTS);
  // Chroma is that of even columns of the result: of the inner columns from `odd` on.
  const odd = left & 1;
  const chromaBytes = ((innerWidth - odd + 1) >> 1) << 1;
  let luma = address(fields, F.NV12) + top * width + left;
  const chromaStart = address(fields, F.NV12) + width * field(fields, F.OUT_HEIGHT) + left + odd;

  if (field(fields, F.HAS_BORDER)) fillBorder(fields);
  // Unpacked rows are not shifted.
  setRowShift(field(fields, F.UNPACK) ? 0 : field(fields, F.SHIFT));
  startUnpacking(fields);
  for (let row = 0; row < innerHeight; row++) {
    unpackUpTo(fields, load<i32>(firsts + (row << 2)) + load<i32>(counts + (row << 2)));
    const y = top + row;
    const withChroma = (y & 1) == 0 && chromaBytes > 0;
    const chroma = chromaStart + (y >> 1) * width;
    const lumaTarget = rowTarget(luma, address(fields, F.LUMA_ROW), innerWidth);
    const chromaTarget = rowTarget(chroma, address(fields, F.CHROMA_ROW), innerWidth | chromaBytes);
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
