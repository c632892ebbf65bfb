// Indices of the 32-bit fields that the kernel is called with. Both tsc (caller) and AssemblyScript (kernel) compile
// this file, so it holds plain numbers only. Addresses are absolute, offsets relative.

/** The part of the network's input that the picture fills. */
export const INNER_WIDTH = 0;
export const INNER_HEIGHT = 1;
export const INNER_LEFT = 2;
export const INNER_TOP = 3;
export const OUT_WIDTH = 4;
export const OUT_HEIGHT = 5;
/** Address of the result, and of two scratch rows. */
export const NV12 = 6;
export const LUMA_ROW = 7;
export const CHROMA_ROW = 8;
/** 1 if the border is filled first, and the luma to fill it with. */
export const HAS_BORDER = 9;
export const BORDER_LUMA = 10;

/** 0: rows are read in place; 1: 16 bit, little endian; 2: 16 bit, big endian; 3: Bayer. */
export const UNPACK = 11;
/** Unpacked values (16 bit) or pixels (Bayer) per row. */
export const UNPACK_COUNT = 12;
/**
 * Address of UNPACK_RECORD_WORDS words per rank: centre, upper and lower row's address, flags. A row's rank is its index
 * among the source rows in use. Flags of Bayer: bit 0 is set if the row holds red samples, bit 1 if the first unpacked
 * column does.
 */
export const UNPACK_RECORDS = 13;
export const UNPACK_RECORD_WORDS = 4;
/** Bayer: 1 if the first (next field: the last) unpacked column is the picture's border. */
export const BAYER_AT_LEFT = 14;
export const BAYER_AT_RIGHT = 15;

/** First group of fields of a plane: rows, vertical taps, then horizontal taps. */
export const LUMA_PLANE = 16;
export const CHROMA_PLANE = 32;
/**
 * 16-bit Bayer: 1 little endian, 2 big endian, 0 for other frames. All rows are first converted to bytes; the next
 * field is their number.
 */
export const NARROW = 29;
export const NARROWED_ROWS = 30;
/** Values per row, and the address of two words per row: its source and its target. */
export const NARROWED_VALUES = 31;
export const NARROWED_RECORDS = 45;

/** Offsets inside a plane's group: address of the address of each row, by rank. */
export const ROW_ADDRESSES = 0;
/** Address of the first rank, and of the number, of each output row's taps. */
export const ROW_FIRSTS = 1;
export const ROW_COUNTS = 2;
/** Address of the u16 weights, and their bytes per output row. */
export const ROW_WEIGHTS = 3;
export const ROW_WEIGHTS_BYTES = 4;
/** Bytes of a row that are weighed, and the address of the weighed row (i16). */
export const ROW_BYTES = 5;
export const WEIGHED_ROW = 6;
/**
 * Outputs per row; address of the i32 offset of each output's first value; address of the i16 weight pairs; pairs per
 * output.
 */
export const OUTPUTS = 7;
export const COLUMN_OFFSETS = 8;
export const COLUMN_WEIGHTS = 9;
export const COLUMN_PAIRS = 10;
/** clamp((value * gain + bias) >> 20) is applied to each output. */
export const GAIN = 11;
export const BIAS = 12;

/** 0: none, 1: weighed with the luma (4:2:2), 2: a plane of its own. */
export const CHROMA = 48;

/** Colour: bytes of a pixel (3 or 4); 1 if two rows and two columns are weighed in one step. */
export const PIXEL_BYTES = 49;
export const IS_FUSED = 50;
/** Offset in bytes of the frame's rows from their addresses. */
export const SHIFT = 51;
/** Colour: four words each (weights of the first, second and third channel, bias) for Y, U and V. */
export const WEIGHTS_Y = 52;
export const WEIGHTS_U = 56;
export const WEIGHTS_V = 60;

export const FIELD_COUNT = 64;

/** Side of a tile. */
export const TILE_PX = 32;
/** Most tiles per row and per column: 7 by 7 cover 224 by 224. */
export const MOST_TILES = 7;
/** Sums per tile: luma, its squares, Laplacians, their squares. */
export const TILE_SUMS = 4;
/** Between the kernel's own variables and the slot. */
export const SUMS_ADDRESS = 32768;
