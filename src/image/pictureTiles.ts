// Where and how the kernel measures pictures. Both compilers read this file, so it holds plain numbers only.

/** Side of a tile. */
export const TILE_PX = 32;
/** The most tiles of a row and of a column: 7 by 7 are all of 224 by 224. */
export const MOST_TILES = 7;
/** Of a tile: luma, its squares, Laplacians, their squares. */
export const TILE_SUMS = 4;
/** Between the kernel's own variables and the slot. */
export const SUMS_ADDRESS = 32768;
