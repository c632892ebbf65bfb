// NV12 to normalised float32 channels, eight pixels at a time; nv12TensorTwin.ts defines the result.

/** Addresses of the parameters: see Nv12TensorConverter.ts, which writes them. */
const Y_WEIGHT: usize = 64;
/** Three floats per channel: weight of U, weight of V, bias. */
const CHANNELS: usize = 68;
/** Two floats per channel: mean, scale. */
const NORMALISATION: usize = 104;

/** Contribution of four pairs of chroma to a channel. */
@inline
function chromaPart(u: v128, v: v128, channel: usize): v128 {
  const weights = CHANNELS + 12 * channel;
  return f32x4.add(
    f32x4.add(f32x4.mul(u, v128.load_splat<f32>(weights)), f32x4.mul(v, v128.load_splat<f32>(weights, 4))),
    v128.load_splat<f32>(weights, 8),
  );
}

/** There is no NaN, so the fast forms of minimum and maximum suffice. */
@inline
function normalised(value: v128, channel: usize): v128 {
  const clamped = f32x4.pmin(f32x4.splat(255), f32x4.pmax(f32x4.splat(0), value));
  const place = NORMALISATION + 8 * channel;
  return f32x4.mul(f32x4.sub(clamped, v128.load_splat<f32>(place)), v128.load_splat<f32>(place, 4));
}

@inline
function lowPairs(part: v128): v128 {
  return v128.shuffle<i32>(part, part, 0, 0, 1, 1);
}

@inline
function highPairs(part: v128): v128 {
  return v128.shuffle<i32>(part, part, 2, 2, 3, 3);
}

/** Stores four pixels of interleaved channels. */
@inline
function storeInterleaved(target: usize, a: v128, b: v128, c: v128): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<i32>(ab, c, 0, 1, 4, 2));
  const bc = v128.shuffle<i32>(v128.shuffle<i32>(ab, c, 3, 3, 5, 5), abHigh, 0, 2, 4, 5);
  v128.store(target, bc, 16);
  v128.store(target, v128.shuffle<i32>(c, abHigh, 2, 6, 7, 3), 32);
}

/** Eight pixels of a row, with the chroma's contributions to each channel. */
@inline
function convertPixels(
  luma: usize,
  target: usize,
  pixel: usize,
  plane: usize,
  a: v128,
  b: v128,
  c: v128,
  isPlanar: bool,
): void {
  const yWeight = v128.load_splat<f32>(Y_WEIGHT);
  const words = v128.load_ext<u8>(luma);
  const y0 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(words)), yWeight);
  const y1 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(words)), yWeight);
  const a0 = normalised(f32x4.add(y0, lowPairs(a)), 0);
  const a1 = normalised(f32x4.add(y1, highPairs(a)), 0);
  const b0 = normalised(f32x4.add(y0, lowPairs(b)), 1);
  const b1 = normalised(f32x4.add(y1, highPairs(b)), 1);
  const c0 = normalised(f32x4.add(y0, lowPairs(c)), 2);
  const c1 = normalised(f32x4.add(y1, highPairs(c)), 2);
  if (isPlanar) {
    const to = target + (pixel << 2);
    v128.store(to, a0);
    v128.store(to, a1, 16);
    v128.store(to + plane, b0);
    v128.store(to + plane, b1, 16);
    v128.store(to + 2 * plane, c0);
    v128.store(to + 2 * plane, c1, 16);
  } else {
    const to = target + pixel * 12;
    storeInterleaved(to, a0, b0, c0);
    storeInterleaved(to + 48, a1, b1, c1);
  }
}

/** Two rows at a time, which share their chroma. */
@inline
function convertRows(source: usize, target: usize, width: i32, height: i32, isPlanar: bool): void {
  const plane = <usize>(width * height) << 2;
  for (let row = 0; row < height; row += 2) {
    const luma = source + row * width;
    const chroma = source + width * height + (row >> 1) * width;
    for (let column = 0; column < width; column += 8) {
      // The last eight pixels may overlap the eight before.
      const x = min(column, width - 8);
      // Eight words U V U V ...: their even and odd halves.
      const pairs = v128.load_ext<u8>(chroma + x);
      const u = f32x4.convert_i32x4_s(v128.and(pairs, i32x4.splat(0xffff)));
      const v = f32x4.convert_i32x4_s(i32x4.shr_u(pairs, 16));
      const a = chromaPart(u, v, 0);
      const b = chromaPart(u, v, 1);
      const c = chromaPart(u, v, 2);
      const pixel = <usize>(row * width + x);
      convertPixels(luma + x, target, pixel, plane, a, b, c, isPlanar);
      convertPixels(luma + width + x, target, pixel + width, plane, a, b, c, isPlanar);
    }
  }
}

/** Even width of at least 8 and even height; one plane per channel, consecutive. */
export function toPlanar(source: usize, target: usize, width: i32, height: i32): void {
  convertRows(source, target, width, height, true);
}

/** Even width of at least 8 and even height; the channels are interleaved. */
export function toInterleaved(source: usize, target: usize, width: i32, height: i32): void {
  convertRows(source, target, width, height, false);
}
