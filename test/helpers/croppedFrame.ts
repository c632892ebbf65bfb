import { encodingTraits } from '../../src/image/encodingTraits.js';
import type { RawImageFrame } from '../../src/image/ImageFrame.js';
import type { PictureRegion } from '../../src/image/PictureRegion.js';
import { planRows } from '../../src/image/planFrame.js';
import { frameBytes, yuvPlaces } from './nv12Twin.js';
import { rawFrame } from './rawFrames.js';

/**
 * The region cut out of a frame, as a frame of its own: of pixels the very bytes; of YUV nv24, each pixel with the chroma
 * that it has in the frame, since an odd edge has no place in subsampled chroma. No Bayer patterns: their demosaicing
 * looks beyond the edge.
 */
export function croppedFrame(frame: RawImageFrame, region: PictureRegion): RawImageFrame {
  const { shape } = planRows(frame);
  const { encoding, strideBytes } = shape;
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
  const source = frameBytes(data, { shape, traits });
  return rawFrame({ encoding: 'nv24', widthPx, heightPx }, (target) => {
    for (let row = 0; row < heightPx; row++) {
      for (let column = 0; column < widthPx; column++) {
        const place = row * widthPx + column;
        const [y = 0, u = 0, v = 0] = yuvPlaces(traits, leftPx + column, topPx + row).map(
          (at) => data[source.rowStart(at.plane, at.row) + at.byte],
        );
        target[place] = y;
        target[widthPx * heightPx + 2 * place] = u;
        target[widthPx * heightPx + 2 * place + 1] = v;
      }
    }
  });
}
