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
  /**
   * One plane: two pixels in four bytes. Two planes: Y, then U and V interleaved. Three: Y, then the two of chroma. A
   * sample of chroma is that of `1 << shiftX` columns and `1 << shiftY` rows. `y`, `u` and `v` are the places of the
   * first sample of each: bytes, or with three planes 0 for the first plane of chroma and 1 for the second.
   */
  | {
      readonly family: 'yuv';
      readonly planes: 1 | 2 | 3;
      readonly shiftX: 0 | 1;
      readonly shiftY: 0 | 1;
      readonly y: 0 | 1;
      readonly u: 0 | 1;
      readonly v: 0 | 1 | 2 | 3;
    };

const bayer = (redX: 0 | 1, redY: 0 | 1, channelBytes: 1 | 2): EncodingTraits => ({
  family: 'bayer',
  channelBytes,
  redX,
  redY,
});
const UYVY: EncodingTraits = { family: 'yuv', planes: 1, shiftX: 1, shiftY: 0, y: 1, u: 0, v: 2 };
const YUYV: EncodingTraits = { family: 'yuv', planes: 1, shiftX: 1, shiftY: 0, y: 0, u: 1, v: 3 };

/**
 * Supported pixel layouts, with their names in sensor_msgs/image_encodings, or in V4L2 if they are missing there;
 * encodingNames.ts has their other names.
 */
const TRAITS = {
  rgb8: { family: 'colour', channels: 3, channelBytes: 1, isBgr: false },
  bgr8: { family: 'colour', channels: 3, channelBytes: 1, isBgr: true },
  rgba8: { family: 'colour', channels: 4, channelBytes: 1, isBgr: false },
  bgra8: { family: 'colour', channels: 4, channelBytes: 1, isBgr: true },
  mono8: { family: 'mono', channelBytes: 1 },
  mono16: { family: 'mono', channelBytes: 2 },
  rgb16: { family: 'colour', channels: 3, channelBytes: 2, isBgr: false },
  bgr16: { family: 'colour', channels: 3, channelBytes: 2, isBgr: true },
  rgba16: { family: 'colour', channels: 4, channelBytes: 2, isBgr: false },
  bgra16: { family: 'colour', channels: 4, channelBytes: 2, isBgr: true },
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
  nv12: { family: 'yuv', planes: 2, shiftX: 1, shiftY: 1, y: 0, u: 0, v: 1 },
  nv21: { family: 'yuv', planes: 2, shiftX: 1, shiftY: 1, y: 0, u: 1, v: 0 },
  nv24: { family: 'yuv', planes: 2, shiftX: 0, shiftY: 0, y: 0, u: 0, v: 1 },
  i420: { family: 'yuv', planes: 3, shiftX: 1, shiftY: 1, y: 0, u: 0, v: 1 },
  yv12: { family: 'yuv', planes: 3, shiftX: 1, shiftY: 1, y: 0, u: 1, v: 0 },
} as const satisfies Record<string, EncodingTraits>;

export type RawEncoding = keyof typeof TRAITS;

export const RAW_ENCODINGS = Object.keys(TRAITS) as readonly RawEncoding[];

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
    case 'yuv': {
      // Chroma in rows of the luma's length needs its columns in whole groups.
      const group = traits.planes === 3 ? 1 : 1 << traits.shiftX;
      return (traits.planes === 1 ? 2 : 1) * group * Math.ceil(widthPx / group);
    }
  }
}

/** Whether chroma has planes of its own. */
export function hasChromaPlanes(
  traits: EncodingTraits,
): traits is EncodingTraits & { family: 'yuv'; planes: 2 | 3 } {
  return traits.family === 'yuv' && traits.planes > 1;
}

/** Bytes of a row of chroma and the number of such rows, of both planes; zero if everything is in the first plane. */
export function chromaPlane(
  traits: EncodingTraits,
  strideBytes: number,
  heightPx: number,
): { readonly strideBytes: number; readonly rows: number } {
  if (!hasChromaPlanes(traits)) return { strideBytes: 0, rows: 0 };
  const { planes, shiftX, shiftY } = traits;
  return {
    strideBytes: Math.ceil((planes === 2 ? 2 * strideBytes : strideBytes) / (1 << shiftX)),
    rows: (planes - 1) * Math.ceil(heightPx / (1 << shiftY)),
  };
}

/** Bytes of a frame with rows of this length, chroma included. */
export function frameBytesAt(traits: EncodingTraits, strideBytes: number, heightPx: number): number {
  const chroma = chromaPlane(traits, strideBytes, heightPx);
  return strideBytes * heightPx + chroma.strideBytes * chroma.rows;
}
