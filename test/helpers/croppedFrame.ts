import { chromaPlane, encodingTraits } from '../../src/image/encodingTraits.js';
import type { RawImageFrame } from '../../src/image/ImageFrame.js';
import type { PictureRegion } from '../../src/image/PictureRegion.js';
import { planRows } from '../../src/image/planFrame.js';
import { rawFrame } from './rawFrames.js';

/**
 * The region cut out of a frame, as a frame of its own: of pixels the very bytes; of YUV nv24, each pixel with the chroma
 * that it has in the frame, since an odd edge has no place in subsampled chroma. No Bayer patterns: their demosaicing
 * looks beyond the edge.
 */
export function croppedFrame(frame: RawImageFrame, region: PictureRegion): RawImageFrame {
  const { encoding, strideBytes, heightPx: frameHeightPx } = planRows(frame).shape;
  const { leftPx, topPx, widthPx, heightPx } = region;
  const { isBigEndian, data } = frame;
  const traits = encodingTraits(encoding);
  if (traits.family === 'bayer') throw new RangeError('a Bayer pattern cannot be cropped first');
  if (traits.family === 'colour' || traits.family === 'mono') {
    const pixelBytes = traits.channelBytes * (traits.family === 'colour' ? traits.channels : 1);
    return rawFrame({ encoding, widthPx, heightPx, isBigEndian }, (target) => {
      for (let row = 0; row < heightPx; row++) {
        const from = (topPx + row) * strideBytes + leftPx * pixelBytes;
        target.set(data.subarray(from, from + widthPx * pixelBytes), row * widthPx * pixelBytes);
      }
    });
  }
  const chroma = chromaPlane(traits, strideBytes, frameHeightPx);
  const chromaAt = strideBytes * frameHeightPx;
  /** Byte offsets of Y, U and V of a pixel. */
  const offsets = (x: number, y: number): readonly [number, number, number] => {
    switch (traits.family) {
      case 'yuv422': {
        const pair = y * strideBytes + 4 * (x >> 1);
        return [pair + traits.yByte + 2 * (x & 1), pair + traits.uByte, pair + traits.vByte];
      }
      case 'semiPlanar': {
        const { chromaShift, uByte } = traits;
        const pair = chromaAt + (y >> chromaShift) * chroma.strideBytes + 2 * (x >> chromaShift);
        return [y * strideBytes + x, pair + uByte, pair + 1 - uByte];
      }
      case 'planar': {
        const first = chromaAt + (y >> 1) * chroma.strideBytes + (x >> 1);
        const second = first + (chroma.rows / 2) * chroma.strideBytes;
        return [
          y * strideBytes + x,
          ...(traits.uPlane === 1 ? ([first, second] as const) : ([second, first] as const)),
        ];
      }
    }
  };
  return rawFrame({ encoding: 'nv24', widthPx, heightPx }, (target) => {
    for (let row = 0; row < heightPx; row++) {
      for (let column = 0; column < widthPx; column++) {
        const place = row * widthPx + column;
        const [y, u, v] = offsets(leftPx + column, topPx + row);
        target[place] = data[y] ?? 0;
        target[widthPx * heightPx + 2 * place] = data[u] ?? 0;
        target[widthPx * heightPx + 2 * place + 1] = data[v] ?? 0;
      }
    }
  });
}
