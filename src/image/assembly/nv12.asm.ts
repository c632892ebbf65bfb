// The NV12 kernel, in AssemblyScript, with integers and 128-bit vectors; test/helpers/nv12Twin.ts defines the result.
// One call converts one frame in shared memory; kernelFields.ts describes the fields of a call.
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
  LUMA_PLANE,
  LUMA_ROW,
  NV12,
  OUT_HEIGHT,
  OUT_WIDTH,
  OUTPUTS,
  PIXEL_BYTES,
  ROW_COUNTS,
  ROW_FIRSTS,
  SHIFT,
  UNPACK,
  WEIGHED_ROW,
} from '../kernelFields';
import { address, COEFFICIENT_BITS, field, ROUNDED_BITS, ROUNDING, storeBytes } from './fields';
import { chromaRowOf3, chromaRowOf4, rowOf3, rowOf4 } from './pixelRows';
import { startUnpacking, unpackUpTo } from './unpack';
import { setRowShift, weighPlane } from './weighRows';

export { measure } from './pictureSums';

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

function fillBorder(fields: usize): void {
  const lumaBytes = field(fields, OUT_WIDTH) * field(fields, OUT_HEIGHT);
  const nv12 = address(fields, NV12);
  memory.fill(nv12, <u8>field(fields, BORDER_LUMA), lumaBytes);
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
  // Unpacked rows are not shifted.
  setRowShift(field(fields, UNPACK) ? 0 : field(fields, SHIFT));
  startUnpacking(fields);
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
