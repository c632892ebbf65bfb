import type { RawEncoding } from './ImageFrame.js';

/** Byte layout of an encoding; the family determines planes and chroma subsampling. */
export type EncodingTraits =
  /** Interleaved colour channels; a fourth channel is alpha and is ignored. */
  | {
      readonly family: 'colour';
      readonly channels: 3 | 4;
      readonly channelBytes: 1 | 2;
      readonly isBgr: boolean;
    }
  | { readonly family: 'mono'; readonly channelBytes: 1 | 2 }
  /** The red sample of each 2x2 tile is at column `redX`, row `redY`; blue is diagonally opposite. */
  | { readonly family: 'bayer'; readonly channelBytes: 1 | 2; readonly redX: 0 | 1; readonly redY: 0 | 1 }
  /** Two pixels in four bytes; the byte positions of the first Y (the second is two later), of U and of V. */
  | { readonly family: 'yuv422'; readonly yByte: 0 | 1; readonly uByte: 0 | 1; readonly vByte: 2 | 3 }
  /** A plane of Y, then one of interleaved chroma: one sample per 1 << chromaShift pixels on each axis. */
  | { readonly family: 'semiPlanar'; readonly chromaShift: 0 | 1; readonly uByte: 0 | 1 }
  /** A plane of Y, then two of chroma, each of half the width and height; `uPlane` is 1 if U is before V. */
  | { readonly family: 'planar'; readonly uPlane: 1 | 2 };

const bayer = (redX: 0 | 1, redY: 0 | 1, channelBytes: 1 | 2): EncodingTraits => ({
  family: 'bayer',
  channelBytes,
  redX,
  redY,
});
const UYVY: EncodingTraits = { family: 'yuv422', yByte: 1, uByte: 0, vByte: 2 };
const YUYV: EncodingTraits = { family: 'yuv422', yByte: 0, uByte: 1, vByte: 3 };

const TRAITS: Readonly<Record<RawEncoding, EncodingTraits>> = {
  rgb8: { family: 'colour', channels: 3, channelBytes: 1, isBgr: false },
  bgr8: { family: 'colour', channels: 3, channelBytes: 1, isBgr: true },
  rgba8: { family: 'colour', channels: 4, channelBytes: 1, isBgr: false },
  bgra8: { family: 'colour', channels: 4, channelBytes: 1, isBgr: true },
  rgb16: { family: 'colour', channels: 3, channelBytes: 2, isBgr: false },
  bgr16: { family: 'colour', channels: 3, channelBytes: 2, isBgr: true },
  rgba16: { family: 'colour', channels: 4, channelBytes: 2, isBgr: false },
  bgra16: { family: 'colour', channels: 4, channelBytes: 2, isBgr: true },
  mono8: { family: 'mono', channelBytes: 1 },
  mono16: { family: 'mono', channelBytes: 2 },
  bayer_rggb8: bayer(0, 0, 1),
  bayer_bggr8: bayer(1, 1, 1),
  bayer_gbrg8: bayer(0, 1, 1),
  bayer_grbg8: bayer(1, 0, 1),
  bayer_rggb16: bayer(0, 0, 2),
  bayer_bggr16: bayer(1, 1, 2),
  bayer_gbrg16: bayer(0, 1, 2),
  bayer_grbg16: bayer(1, 0, 2),
  // sensor_msgs/image_encodings.hpp: YUV422 is UYVY, YUV422_YUY2 is YUYV.
  yuv422: UYVY,
  uyvy: UYVY,
  yuv422_yuy2: YUYV,
  yuyv: YUYV,
  nv12: { family: 'semiPlanar', chromaShift: 1, uByte: 0 },
  nv21: { family: 'semiPlanar', chromaShift: 1, uByte: 1 },
  nv24: { family: 'semiPlanar', chromaShift: 0, uByte: 0 },
  i420: { family: 'planar', uPlane: 1 },
  yv12: { family: 'planar', uPlane: 2 },
};

export function encodingTraits(encoding: RawEncoding): EncodingTraits {
  return TRAITS[encoding];
}

/** Least bytes of a row of the first plane (`step` may be larger), and of one chroma row. */
export function minRowBytes(traits: EncodingTraits, widthPx: number): number {
  switch (traits.family) {
    case 'colour':
      return widthPx * traits.channels * traits.channelBytes;
    case 'mono':
    case 'bayer':
      return widthPx * traits.channelBytes;
    case 'yuv422':
      return 4 * Math.ceil(widthPx / 2);
    case 'semiPlanar':
      // A chroma row of nv12 holds one pair per two columns, rounded up; one of nv24 spans two strides.
      return traits.chromaShift === 1 ? 2 * Math.ceil(widthPx / 2) : widthPx;
    case 'planar':
      return widthPx;
  }
}

/** Bytes of a row of chroma and the number of such rows, of both planes; zero if everything is in the first plane. */
export function chromaPlane(
  traits: EncodingTraits,
  strideBytes: number,
  heightPx: number,
): { readonly strideBytes: number; readonly rows: number } {
  if (traits.family === 'planar') {
    return { strideBytes: Math.ceil(strideBytes / 2), rows: 2 * Math.ceil(heightPx / 2) };
  }
  if (traits.family !== 'semiPlanar') return { strideBytes: 0, rows: 0 };
  if (traits.chromaShift === 0) return { strideBytes: 2 * strideBytes, rows: heightPx };
  return { strideBytes, rows: Math.ceil(heightPx / 2) };
}
