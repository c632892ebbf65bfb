// Places and constants of the kernel's measurements. Both tsc and AssemblyScript compile this file, so it holds plain
// numbers only.

/** Side of a tile. */
export const TILE_PX = 32;
/** Most tiles per row and per column: 7 by 7 cover 224 by 224. */
export const MOST_TILES = 7;
/** Sums per tile: luma, its squares, Laplacians, their squares. */
export const TILE_SUMS = 4;
/** Between the kernel's own variables and the slot. */
export const SUMS_ADDRESS = 32768;
