// Shared by all parts of the NV12 kernel: its fields and the scale of its sums.

/** Half of 2^21: 7 bits of the vertical and 14 of the horizontal weights are rounded away. */
export const ROUNDING: i32 = 1 << 20;
export const ROUNDED_BITS: i32 = 21;
export const COEFFICIENT_BITS: i32 = 20;

@inline
export function field(fields: usize, index: i32): i32 {
  return load<i32>(fields + (index << 2));
}

@inline
export function address(fields: usize, index: i32): usize {
  return <usize>load<u32>(fields + (index << 2));
}

/** Four i32 to four bytes, saturated. */
@inline
export function storeBytes(target: usize, values: v128): void {
  const words = i16x8.narrow_i32x4_s(values, values);
  v128.store32_lane(target, i8x16.narrow_i16x8_u(words, words), 0);
}
