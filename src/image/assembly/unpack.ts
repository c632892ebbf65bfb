// Converts rows of 16-bit and of Bayer frames to interleaved bytes on demand.
import * as F from '../kernelFields';

/** Rows are used in ascending order: all ranks below this one are unpacked. */
let nextRank: i32 = 0;

export function startUnpacking(fields: usize): void {
  nextRank = 0;
  const narrow = load<i32>(fields + (F.NARROW << 2));
  if (narrow == 0) return;
  const rows = load<i32>(fields + (F.NARROWED_ROWS << 2));
  const values = load<i32>(fields + (F.NARROWED_VALUES << 2));
  const shift = load<u32>(fields + (F.SHIFT << 2));
  let record = <usize>load<u32>(fields + (F.NARROWED_RECORDS << 2));
  for (let row = 0; row < rows; row++) {
    unpack16(<usize>(load<u32>(record) + shift), <usize>load<u32>(record, 4), values, narrow == 2);
    record += 8;
  }
}

/** v / 257, rounded; exact for all 16-bit v. */
@inline
function eightBits(values: v128): v128 {
  const raised = i16x8.add_sat_u(values, i16x8.splat(128));
  return i16x8.shr_u(i16x8.sub(raised, i16x8.shr_u(raised, 8)), 8);
}

@inline
function swapped(values: v128): v128 {
  return v128.shuffle<u8>(values, values, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
}

function unpack16(source: usize, target: usize, count: i32, isBigEndian: bool): void {
  for (let index = 0; index < count; index += 16) {
    let low = v128.load(source + (index << 1));
    let high = v128.load(source + (index << 1), 16);
    if (isBigEndian) {
      low = swapped(low);
      high = swapped(high);
    }
    v128.store(target + index, i8x16.narrow_i16x8_u(eightBits(low), eightBits(high)));
  }
}

/** (a + b + c + d + 2) >> 2 from x = (a + b + 1) >> 1 and y = (c + d + 1) >> 1, exactly. */
@inline
function meanOfFour(a: v128, b: v128, x: v128, c: v128, d: v128, y: v128): v128 {
  const excess = v128.and(v128.or(v128.xor(a, b), v128.xor(c, d)), v128.xor(x, y));
  return i8x16.sub(i8x16.avgr_u(x, y), v128.and(excess, i8x16.splat(1)));
}

@inline
function storePixel(target: usize, red: u32, green: u32, blue: u32): void {
  store<u32>(target, red | (green << 8) | (blue << 16));
}

/** One pixel at the picture's left or right border: the missing column is the mirror of the present one. */
function bayerBorderPixel(
  upper: usize,
  centre: usize,
  lower: usize,
  neighbour: i32,
  target: usize,
  isRedRow: bool,
  isRedColumn: bool,
): void {
  const c = <u32>load<u8>(centre);
  const side = <u32>load<u8>(centre + neighbour);
  const vertical = <u32>load<u8>(upper) + <u32>load<u8>(lower);
  if (isRedRow != isRedColumn) {
    const mean = (vertical + 1) >> 1;
    if (isRedRow) storePixel(target, side, c, mean);
    else storePixel(target, mean, c, side);
    return;
  }
  const green = (2 * side + vertical + 2) >> 2;
  const diagonal = (2 * (<u32>load<u8>(upper + neighbour) + <u32>load<u8>(lower + neighbour)) + 2) >> 2;
  if (isRedRow) storePixel(target, c, green, diagonal);
  else storePixel(target, diagonal, green, c);
}

/** `count` pixels of four bytes: R, G, B and an unused one. */
function unpackBayer(
  upper: usize,
  centre: usize,
  lower: usize,
  target: usize,
  count: i32,
  isRedRow: bool,
  isRedFirst: bool,
  atLeft: bool,
  atRight: bool,
): void {
  // Columns whose own sample is this row's colour (red or blue); the others are green.
  const evenColumns = i16x8.splat(0x00ff);
  const ownColumns = isRedFirst == isRedRow ? evenColumns : v128.not(evenColumns);
  for (let x = 0; x < count; x += 16) {
    const c = v128.load(centre + x);
    const n = v128.load(upper + x);
    const s = v128.load(lower + x);
    const w = v128.load(centre + x - 1);
    const e = v128.load(centre + x, 1);
    const nw = v128.load(upper + x - 1);
    const ne = v128.load(upper + x, 1);
    const sw = v128.load(lower + x - 1);
    const se = v128.load(lower + x, 1);
    const horizontal = i8x16.avgr_u(w, e);
    const vertical = i8x16.avgr_u(n, s);
    const cross = meanOfFour(w, e, horizontal, n, s, vertical);
    const diagonal = meanOfFour(nw, ne, i8x16.avgr_u(nw, ne), sw, se, i8x16.avgr_u(sw, se));
    const own = v128.bitselect(c, horizontal, ownColumns);
    const green = v128.bitselect(cross, c, ownColumns);
    const other = v128.bitselect(diagonal, vertical, ownColumns);
    const red = isRedRow ? own : other;
    const blue = isRedRow ? other : own;
    const rgLow = v128.shuffle<u8>(red, green, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const rgHigh = v128.shuffle<u8>(red, green, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const bLow = i16x8.extend_low_i8x16_u(blue);
    const bHigh = i16x8.extend_high_i8x16_u(blue);
    const to = target + (x << 2);
    v128.store(to, v128.shuffle<u16>(rgLow, bLow, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(to, v128.shuffle<u16>(rgLow, bLow, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    v128.store(to, v128.shuffle<u16>(rgHigh, bHigh, 0, 8, 1, 9, 2, 10, 3, 11), 32);
    v128.store(to, v128.shuffle<u16>(rgHigh, bHigh, 4, 12, 5, 13, 6, 14, 7, 15), 48);
  }
  if (atLeft) bayerBorderPixel(upper, centre, lower, 1, target, isRedRow, isRedFirst);
  if (atRight) {
    const last = count - 1;
    const isRedLast = isRedFirst != ((last & 1) == 1);
    bayerBorderPixel(upper + last, centre + last, lower + last, -1, target + (last << 2), isRedRow, isRedLast);
  }
}

/** Unpacks the rows of all ranks below `rank` that are not unpacked yet. */
export function unpackUpTo(fields: usize, rank: i32): void {
  const kind = load<i32>(fields + (F.UNPACK << 2));
  if (kind == 0) return;
  const count = load<i32>(fields + (F.UNPACK_COUNT << 2));
  const records = <usize>load<u32>(fields + (F.UNPACK_RECORDS << 2));
  // Narrowed rows are not shifted.
  const shift = load<i32>(fields + (F.NARROW << 2)) ? 0 : load<u32>(fields + (F.SHIFT << 2));
  const targets = <usize>load<u32>(fields + ((F.LUMA_PLANE + F.ROW_ADDRESSES) << 2));
  for (; nextRank < rank; nextRank++) {
    const record = records + nextRank * (F.UNPACK_RECORD_WORDS << 2);
    const centre = <usize>(load<u32>(record) + shift);
    const target = <usize>load<u32>(targets + (nextRank << 2));
    if (kind == 3) {
      const flags = load<i32>(record, 12);
      unpackBayer(
        <usize>(load<u32>(record, 4) + shift),
        centre,
        <usize>(load<u32>(record, 8) + shift),
        target,
        count,
        (flags & 1) == 1,
        (flags & 2) == 2,
        load<i32>(fields + (F.BAYER_AT_LEFT << 2)) == 1,
        load<i32>(fields + (F.BAYER_AT_RIGHT << 2)) == 1,
      );
    } else {
      unpack16(centre, target, count, kind == 2);
    }
  }
}
