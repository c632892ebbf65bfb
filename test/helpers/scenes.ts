import { applyRgbWeights, RGB_TO_YUV } from '../../src/image/bt601.js';
import { encodingTraits } from '../../src/image/encodingTraits.js';
import type { RawImageFrame, YuvRange } from '../../src/image/ImageFrame.js';
import { frameBytes, yuvPlaces } from './nv12Twin.js';
import { type RawFrameParts, rawFrame } from './rawFrames.js';

/** Colour of a scene at a pixel, each channel 0 to 255. */
export type Scene = (x: number, y: number) => readonly [number, number, number];

/** Slow gradients, so that subsampled chroma and Bayer patterns lose little. */
export function smoothScene(widthPx: number, heightPx: number): Scene {
  return (x, y) => {
    const [u, v] = [(x + 0.5) / widthPx, (y + 0.5) / heightPx];
    const wave = (frequency: number, phase: number) =>
      127.5 + 110 * Math.sin(frequency * (u + 0.7 * v) + phase);
    return [Math.round(wave(5, 0)), Math.round(wave(4, 2)), Math.round(wave(3, 4) * 0.8 + 25 * v)];
  };
}

/** Red, green, blue, white, black and yellow fields; their hard edges lie between the columns of a chroma sample. */
export function fieldScene(widthPx: number, heightPx: number): Scene {
  const colours = [
    [220, 30, 40],
    [20, 160, 60],
    [30, 40, 210],
    [255, 255, 255],
    [0, 0, 0],
    [240, 200, 20],
  ] as const;
  return (x, y) => {
    const field = Math.floor((5 * (x + 1)) / widthPx) + 2 * Math.floor((3 * (y + 1)) / heightPx);
    return colours[field % colours.length] ?? colours[0];
  };
}

export function greyScene(scene: Scene): Scene {
  return (x, y) => {
    const level = scene(x, y)[1];
    return [level, level, level];
  };
}

/** The scene as a camera of this encoding sends it; chroma is that of the top-left pixel of its block. */
export function sceneFrame(
  scene: Scene,
  parts: RawFrameParts,
  sourceRange: YuvRange = 'full',
): RawImageFrame {
  const { widthPx, heightPx, isBigEndian = false } = parts;
  const traits = encodingTraits(parts.encoding);
  const matrix = RGB_TO_YUV[sourceRange];
  const yuv = (component: 'y' | 'u' | 'v', x: number, y: number) => {
    const [r, g, b] = scene(x, y);
    return applyRgbWeights(matrix[component], r, g, b);
  };
  const frame = rawFrame(parts, () => {});
  const { data, strideBytes } = frame;
  const bytes = frameBytes(data, { shape: frame, traits });
  const put = (index: number, value: number, channelBytes: number) => {
    data[index] = value;
    // 16 bit: 257 * value, so that both bytes are the same but for a small difference that rounding must drop.
    if (channelBytes === 2) data[index + (isBigEndian ? 0 : 1)] = value;
    if (channelBytes === 2) data[index + (isBigEndian ? 1 : 0)] = value;
  };
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const [r, g, b] = scene(x, y);
      const row = y * strideBytes;
      switch (traits.family) {
        case 'colour': {
          const { channels, channelBytes, isBgr } = traits;
          const values = isBgr ? [b, g, r, 99] : [r, g, b, 99];
          for (let c = 0; c < channels; c++)
            put(row + (x * channels + c) * channelBytes, values[c] ?? 0, channelBytes);
          break;
        }
        case 'mono':
          put(row + x * traits.channelBytes, g, traits.channelBytes);
          break;
        case 'bayer': {
          const isRedColumn = x % 2 === traits.redX;
          const isRedRow = y % 2 === traits.redY;
          const { channelBytes } = traits;
          put(row + x * channelBytes, isRedColumn !== isRedRow ? g : isRedRow ? r : b, channelBytes);
          break;
        }
        case 'yuv': {
          const [luma, ...chroma] = yuvPlaces(traits, x, y);
          data[row + luma.byte] = yuv('y', x, y);
          // Chroma is that of the first pixel of its group.
          const [cx, cy] = [(x >> traits.shiftX) << traits.shiftX, (y >> traits.shiftY) << traits.shiftY];
          chroma.forEach((place, index) => {
            data[bytes.rowStart(place.plane, place.row) + place.byte] = yuv(index === 0 ? 'u' : 'v', cx, cy);
          });
          break;
        }
        default:
          traits satisfies never;
      }
    }
  }
  return frame;
}

/** The largest and the mean difference of two equally long pictures, in grey levels. */
export function difference(a: Uint8Array, b: Uint8Array): { readonly max: number; readonly mean: number } {
  if (a.length !== b.length) throw new RangeError(`${a.length} and ${b.length} bytes cannot be compared`);
  let max = 0;
  let sum = 0;
  for (let index = 0; index < a.length; index++) {
    const apart = Math.abs((a[index] ?? 0) - (b[index] ?? 0));
    max = Math.max(max, apart);
    sum += apart;
  }
  return { max, mean: sum / a.length };
}
