import assert from 'node:assert/strict';
import {
  chromaPlane,
  encodingTraits,
  minRowBytes,
  RAW_ENCODINGS,
  type RawEncoding,
} from '../../../src/image/encodingTraits.js';

/** Bytes of a row, and of all chroma rows, of a 7x5 image without padding. */
const BYTES: Readonly<Record<RawEncoding, readonly [number, number]>> = {
  rgb8: [21, 0],
  bgr8: [21, 0],
  rgba8: [28, 0],
  bgra8: [28, 0],
  mono8: [7, 0],
  mono16: [14, 0],
  rgb16: [42, 0],
  bgr16: [42, 0],
  rgba16: [56, 0],
  bgra16: [56, 0],
  bayer_rggb8: [7, 0],
  bayer_bggr8: [7, 0],
  bayer_gbrg8: [7, 0],
  bayer_grbg8: [7, 0],
  bayer_rggb16: [14, 0],
  bayer_bggr16: [14, 0],
  bayer_gbrg16: [14, 0],
  bayer_grbg16: [14, 0],
  yuv422: [16, 0],
  uyvy: [16, 0],
  yuv422_yuy2: [16, 0],
  yuyv: [16, 0],
  nv12: [8, 24],
  nv21: [8, 24],
  nv24: [7, 70],
  i420: [7, 24],
  yv12: [7, 24],
};

describe('encodingTraits', () => {
  for (const encoding of RAW_ENCODINGS) {
    it(`has the size of ${encoding}`, () => {
      const traits = encodingTraits(encoding);
      const rowBytes = minRowBytes(traits, 7);
      const chroma = chromaPlane(traits, rowBytes, 5);
      assert.deepEqual([rowBytes, chroma.strideBytes * chroma.rows], BYTES[encoding]);
    });
  }
});
