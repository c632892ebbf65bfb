import type { AxisTaps, WeightedRun } from '../../src/image/AxisTaps.js';
import {
  applyAffine,
  applyRgbWeights,
  greyToLuma,
  RGB_TO_YUV,
  rangeConversion,
} from '../../src/image/bt601.js';
import { chromaPlane, type EncodingTraits } from '../../src/image/encodingTraits.js';
import type { FrameShape, SlotLayout } from '../../src/image/SlotLayout.js';
import { evened } from '../../src/image/TensorOptions.js';

/** Where the bytes of a frame lie: the frame's own data, or the rows that were copied into a slot. */
export interface FrameBytes {
  readonly bytes: Uint8Array;
  /** Index of the first byte of a row, counted as if all of its columns were there. */
  rowStart(plane: 0 | 1 | 2, row: number): number;
}

/** An 8-bit value of one channel at a source pixel. */
type Sampler = (column: number, row: number) => number;

/** A frame's own data as {@link FrameBytes}. */
export function frameBytes(
  bytes: Uint8Array,
  layout: { readonly shape: Pick<FrameShape, 'strideBytes' | 'heightPx'>; readonly traits: EncodingTraits },
): FrameBytes {
  const { strideBytes, heightPx } = layout.shape;
  const chroma = chromaPlane(layout.traits, strideBytes, heightPx);
  return {
    bytes,
    rowStart: (plane, row) => {
      if (plane === 0) return row * strideBytes;
      const rowsBefore = plane === 2 ? chroma.rows / 2 : 0;
      return heightPx * strideBytes + (rowsBefore + row) * chroma.strideBytes;
    },
  };
}

/** The rows of a slot as {@link FrameBytes}. */
export function slotFrameBytes(bytes: Uint8Array, layout: SlotLayout): FrameBytes {
  return {
    bytes,
    rowStart: (plane, row) => {
      const window = layout.planes[plane];
      return window === undefined ? 0 : (window.rowOffsets[row] ?? 0) - window.firstByte;
    },
  };
}

interface BytePlace {
  readonly plane: 0 | 1 | 2;
  readonly row: number;
  readonly byte: number;
}

/** Where the Y, U and V of a pixel lie. */
export function yuvPlaces(
  { planes, shiftX, shiftY, y, u, v }: EncodingTraits & { family: 'yuv' },
  column: number,
  row: number,
): readonly [BytePlace, BytePlace, BytePlace] {
  const [chromaColumn, chromaRow] = [column >> shiftX, row >> shiftY];
  const chroma = (place: number): BytePlace => {
    if (planes === 1) return { plane: 0, row: chromaRow, byte: 4 * chromaColumn + place };
    if (planes === 2) return { plane: 1, row: chromaRow, byte: 2 * chromaColumn + place };
    return { plane: place === 0 ? 1 : 2, row: chromaRow, byte: chromaColumn };
  };
  return [{ plane: 0, row, byte: planes === 1 ? 2 * column + y : column }, chroma(u), chroma(v)];
}

/** 16 bits to 8, rounded: v / 257, exact for every v. */
export function sixteenToEightBits(value: number): number {
  return (value * 255 + 32895) >> 16;
}

/** The mirror image of a position beyond the border; it keeps the colour of a Bayer pattern. */
function mirrored(position: number, length: number): number {
  return position < 0 ? -position : position >= length ? 2 * (length - 1) - position : position;
}

type Channel = 0 | 1 | 2;

/** Bilinear demosaicing: the rounded mean of the two or four nearest samples of the colour. */
function bayerSampler(
  at: Sampler,
  traits: EncodingTraits & { family: 'bayer' },
  widthPx: number,
  heightPx: number,
) {
  return (channel: Channel): Sampler =>
    (column, row) => {
      const left = mirrored(column - 1, widthPx);
      const right = mirrored(column + 1, widthPx);
      const above = mirrored(row - 1, heightPx);
      const below = mirrored(row + 1, heightPx);
      const isRedColumn = (column & 1) === traits.redX;
      const isRedRow = (row & 1) === traits.redY;
      if (channel === 1) {
        if (isRedColumn !== isRedRow) return at(column, row);
        return (at(left, row) + at(right, row) + at(column, above) + at(column, below) + 2) >> 2;
      }
      const isOwnColumn = isRedColumn === (channel === 0);
      const isOwnRow = isRedRow === (channel === 0);
      if (isOwnColumn && isOwnRow) return at(column, row);
      if (isOwnRow) return (at(left, row) + at(right, row) + 1) >> 1;
      if (isOwnColumn) return (at(column, above) + at(column, below) + 1) >> 1;
      return (at(left, above) + at(right, above) + at(left, below) + at(right, below) + 2) >> 2;
    };
}

/** Samplers of R, G, B, or of Y, U, V, or of grey alone. */
function samplers(source: FrameBytes, layout: SlotLayout): readonly Sampler[] {
  const { traits, shape } = layout;
  const { bytes } = source;
  const byteAt = (index: number) => bytes[index] ?? 0;
  const channelSampler =
    (pixelBytes: number, offsetBytes: number, channelBytes: 1 | 2): Sampler =>
    (column, row) => {
      const index = source.rowStart(0, row) + column * pixelBytes + offsetBytes;
      if (channelBytes === 1) return byteAt(index);
      const [low, high] = shape.isBigEndian ? [index + 1, index] : [index, index + 1];
      return sixteenToEightBits(byteAt(low) + 256 * byteAt(high));
    };
  switch (traits.family) {
    case 'colour': {
      const { channels, channelBytes, isBgr } = traits;
      const order = isBgr ? [2, 1, 0] : [0, 1, 2];
      return order.map((place) =>
        channelSampler(channels * channelBytes, place * channelBytes, channelBytes),
      );
    }
    case 'mono':
      return [channelSampler(traits.channelBytes, 0, traits.channelBytes)];
    case 'bayer': {
      const sample = channelSampler(traits.channelBytes, 0, traits.channelBytes);
      const ofChannel = bayerSampler(sample, traits, shape.widthPx, shape.heightPx);
      return [ofChannel(0), ofChannel(1), ofChannel(2)];
    }
    case 'yuv':
      return ([0, 1, 2] as const).map((channel) => (column, row) => {
        const place = yuvPlaces(traits, column, row)[channel];
        return byteAt(source.rowStart(place.plane, place.row) + place.byte);
      });
  }
}

/** Resizes one channel: columns of a row band first weighed vertically (8.7 bits kept), then horizontally. */
function resample(sample: Sampler, tapsX: AxisTaps, tapsY: AxisTaps): Uint8Array {
  const result = new Uint8Array(tapsX.length * tapsY.length);
  const weighed = ({ first, weights }: WeightedRun, valueAt: (position: number) => number) =>
    weights.reduce((sum, weight, tap) => sum + weight * valueAt(first + tap), 0);
  tapsY.forEach((rowTaps, outRow) => {
    const columns = new Map<number, number>();
    const valueAt = (column: number): number => {
      let value = columns.get(column);
      if (value === undefined) {
        value = weighed(rowTaps, (row) => sample(column, row)) >> 1;
        columns.set(column, value);
      }
      return value;
    };
    tapsX.forEach((columnTaps, outColumn) => {
      result[outRow * tapsX.length + outColumn] = (weighed(columnTaps, valueAt) + 2 ** 20) >> 21;
    });
  });
  return result;
}

/**
 * The definition of what the WebAssembly kernel computes, in plain TypeScript: every channel of the frame is
 * resampled at full resolution to 8 bits, then converted; chroma is that of the top-left pixel of each 2x2. Of an
 * odd size, the NV12 is rounded up, and what is beyond the picture has the border's value.
 * Slow; the kernel is held to it byte for byte.
 */
export function nv12Twin(source: FrameBytes, layout: SlotLayout): Uint8Array {
  const { geometry, options, tapsX, tapsY, traits } = layout;
  const channels = samplers(source, layout).map((sample) => resample(sample, tapsX, tapsY));
  const [first = new Uint8Array(), second = first, third = first] = channels;
  const matrix = RGB_TO_YUV[options.range];
  const grey = greyToLuma(options.range);
  const convert = rangeConversion(options.sourceRange, options.range);
  const valueAt = (component: 'y' | 'u' | 'v', index: number): number => {
    const [a = 0, b = 0, c = 0] = [first[index], second[index], third[index]];
    switch (traits.family) {
      case 'yuv':
        if (component === 'y') return applyAffine(convert.luma, a);
        return applyAffine(convert.chroma, component === 'u' ? b : c);
      case 'mono':
        return component === 'y' ? applyAffine(grey, a) : 128;
      case 'colour':
      case 'bayer':
        return applyRgbWeights(matrix[component], a, b, c);
    }
  };

  const [widthPx, heightPx] = [evened(options.widthPx), evened(options.heightPx)];
  const lumaBytes = widthPx * heightPx;
  const nv12 = new Uint8Array((lumaBytes * 3) / 2);
  nv12.fill(applyAffine(grey, options.padValue), 0, lumaBytes);
  nv12.fill(128, lumaBytes);
  for (let row = 0; row < geometry.y.innerPx; row++) {
    const y = geometry.y.marginPx + row;
    for (let column = 0; column < geometry.x.innerPx; column++) {
      const x = geometry.x.marginPx + column;
      const index = row * geometry.x.innerPx + column;
      nv12[y * widthPx + x] = valueAt('y', index);
      if (x % 2 === 0 && y % 2 === 0) {
        const chroma = lumaBytes + (y / 2) * widthPx + x;
        nv12[chroma] = valueAt('u', index);
        nv12[chroma + 1] = valueAt('v', index);
      }
    }
  }
  return nv12;
}
