// Sums over tiles of a picture's luma; test/helpers/pictureFiguresTwin.ts defines them.
import { MOST_TILES, SUMS_ADDRESS, TILE_PX, TILE_SUMS } from '../kernelFields';

/** Sum of the lanes. */
@inline
function total(values: v128): i32 {
  return (
    i32x4.extract_lane(values, 0) +
    i32x4.extract_lane(values, 1) +
    i32x4.extract_lane(values, 2) +
    i32x4.extract_lane(values, 3)
  );
}

let luma: v128 = i32x4.splat(0);
let squares: v128 = i32x4.splat(0);
let laplacians: v128 = i32x4.splat(0);
let laplacianSquares: v128 = i32x4.splat(0);
let hash: v128 = i32x4.splat(0);

/** Sixteen pixels with their neighbours to the left, to the right, above and below. */
@inline
function take(centre: v128, left: v128, right: v128, above: v128, below: v128): void {
  const low = i16x8.extend_low_i8x16_u(centre);
  const high = i16x8.extend_high_i8x16_u(centre);
  luma = i32x4.add(luma, i32x4.extadd_pairwise_i16x8_u(i16x8.add(low, high)));
  squares = i32x4.add(squares, i32x4.add(i32x4.dot_i16x8_s(low, low), i32x4.dot_i16x8_s(high, high)));
  const around = i16x8.add(
    i16x8.add(i16x8.extend_low_i8x16_u(left), i16x8.extend_low_i8x16_u(right)),
    i16x8.add(i16x8.extend_low_i8x16_u(above), i16x8.extend_low_i8x16_u(below)),
  );
  const aroundHigh = i16x8.add(
    i16x8.add(i16x8.extend_high_i8x16_u(left), i16x8.extend_high_i8x16_u(right)),
    i16x8.add(i16x8.extend_high_i8x16_u(above), i16x8.extend_high_i8x16_u(below)),
  );
  const edge = i16x8.sub(around, i16x8.shl(low, 2));
  const edgeHigh = i16x8.sub(aroundHigh, i16x8.shl(high, 2));
  laplacians = i32x4.add(laplacians, i32x4.extadd_pairwise_i16x8_s(i16x8.add(edge, edgeHigh)));
  laplacianSquares = i32x4.add(
    laplacianSquares,
    i32x4.add(i32x4.dot_i16x8_s(edge, edge), i32x4.dot_i16x8_s(edgeHigh, edgeHigh)),
  );
  hash = i32x4.add(v128.or(i32x4.shl(hash, 5), i32x4.shr_u(hash, 27)), centre);
}

/** Start of tile `index` of `count`: tiles are spread evenly from one end to the other. */
@inline
function beginning(index: i32, count: i32, length: i32, tile: i32): i32 {
  return count == 1 ? 0 : (index * (length - tile)) / (count - 1);
}

/**
 * Every second row of up to 7 by 7 tiles of 32 by 32 pixels; the sums go to SUMS_ADDRESS, the four words of the hash
 * after those of the last tile. Border pixels are repeated outwards.
 *
 * @param source address of the first pixel. @param width at least 32. @param height at least 1.
 */
export function measure(source: usize, stride: i32, width: i32, height: i32): void {
  const columns = min(MOST_TILES, width / TILE_PX);
  const tileHeight = min(TILE_PX, height);
  const rows = min(MOST_TILES, height / tileHeight);
  let target: usize = SUMS_ADDRESS;
  hash = i32x4.splat(0);
  for (let tileRow = 0; tileRow < rows; tileRow++) {
    const top = beginning(tileRow, rows, height, tileHeight);
    for (let tileColumn = 0; tileColumn < columns; tileColumn++) {
      const x = beginning(tileColumn, columns, width, TILE_PX);
      luma = i32x4.splat(0);
      squares = luma;
      laplacians = luma;
      laplacianSquares = luma;
      for (let y = top; y < top + tileHeight; y += 2) {
        const at = source + <usize>(y * stride + x);
        const above = at - (y > 0 ? <usize>stride : 0);
        const below = at + (y + 1 < height ? <usize>stride : 0);
        const first = v128.load(at);
        const second = v128.load(at, 16);
        const left =
          x > 0 ? v128.load(at - 1) : i8x16.shuffle(first, first, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
        const right =
          x + TILE_PX < width
            ? v128.load(at + 17)
            : i8x16.shuffle(second, second, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15);
        take(first, left, v128.load(at + 1), v128.load(above), v128.load(below));
        take(second, v128.load(at + 15), right, v128.load(above, 16), v128.load(below, 16));
      }
      store<i32>(target, total(luma));
      store<i32>(target, total(squares), 4);
      store<i32>(target, total(laplacians), 8);
      store<i32>(target, total(laplacianSquares), 12);
      target += TILE_SUMS << 2;
    }
  }
  v128.store(target, hash);
}
