// The vertical half of resizing: rows of bytes weighed into a row of 16-bit words.
import * as F from '../kernelFields';
import { address, field } from './fields';

/** Weighs eight bytes of one row and adds them. */
@inline
function weighed(sum: v128, source: usize, weight: v128): v128 {
  return i16x8.add(sum, i16x8.mul(v128.load_ext<u8>(source), weight));
}

/** Offset in bytes of the frame's rows from their addresses; 0 for unpacked rows. */
let rowShift: i32 = 0;

export function setRowShift(bytes: i32): void {
  rowShift = bytes;
}

/** Address of the first byte of the row of an entry in a plane's row addresses. */
@inline
export function rowAddress(entry: usize): usize {
  return <usize>load<u32>(entry) + rowShift;
}

/** Weighs `count` rows byte by byte: sums of at most 255 * 256, halved to fit an i16. */
function weighRows(rows: usize, weights: usize, count: i32, bytes: i32, target: usize): void {
  let x: i32 = 0;
  for (; x + 64 <= bytes; x += 64) {
    const at = x + rowShift;
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
    const at = x + rowShift;
    let s0 = i16x8.splat(0);
    let s1 = s0;
    for (let k = 0; k < count; k++) {
      const source = <usize>load<u32>(rows + (k << 2)) + at;
      const weight = v128.load_splat<u16>(weights + (k << 1));
      s0 = weighed(s0, source, weight);
      s1 = weighed(s1, source + 8, weight);
    }
    const to = target + (x << 1);
    v128.store(to, i16x8.shr_u(s0, 1));
    v128.store(to, i16x8.shr_u(s1, 1), 16);
  }
}

/** Weighs the source rows of output row `row` of a plane. */
@inline
export function weighPlane(plane: usize, row: i32): void {
  const first = load<i32>(address(plane, F.ROW_FIRSTS) + (row << 2));
  weighRows(
    address(plane, F.ROW_ADDRESSES) + (first << 2),
    address(plane, F.ROW_WEIGHTS) + row * field(plane, F.ROW_WEIGHTS_BYTES),
    load<i32>(address(plane, F.ROW_COUNTS) + (row << 2)),
    field(plane, F.ROW_BYTES),
    address(plane, F.WEIGHED_ROW),
  );
}
