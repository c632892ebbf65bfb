import fc from 'fast-check';
import {
  chromaPlane,
  encodingTraits,
  minRowBytes,
  RAW_ENCODINGS,
  type RawEncoding,
} from '../../src/image/encodingTraits.js';
import type { RawImageFrame } from '../../src/image/ImageFrame.js';

export interface RawFrameParts {
  readonly encoding: RawEncoding;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Bytes between the end of a row and the next. */
  readonly paddingBytes?: number;
  readonly isBigEndian?: boolean;
  /** Where in its buffer the data begins. */
  readonly byteOffset?: number;
}

/** Bytes of data that a frame of this shape has. */
export function dataBytes(encoding: RawEncoding, strideBytes: number, heightPx: number): number {
  const chroma = chromaPlane(encodingTraits(encoding), strideBytes, heightPx);
  return strideBytes * heightPx + chroma.strideBytes * chroma.rows;
}

/** A frame whose data is a view into a larger buffer, at an odd byte offset unless told otherwise, filled by `fill`. */
export function rawFrame(parts: RawFrameParts, fill: (data: Uint8Array) => void): RawImageFrame {
  const { encoding, widthPx, heightPx, paddingBytes = 0, isBigEndian = false, byteOffset = 13 } = parts;
  const strideBytes = minRowBytes(encodingTraits(encoding), widthPx) + paddingBytes;
  const length = dataBytes(encoding, strideBytes, heightPx);
  const data = new Uint8Array(new ArrayBuffer(length + byteOffset + 3), byteOffset, length);
  fill(data);
  return {
    kind: 'raw',
    stamp: { sec: 1, nanosec: 2 },
    frameId: 'camera',
    source: '/camera/image',
    encoding,
    widthPx,
    heightPx,
    strideBytes,
    isBigEndian,
    data,
  };
}

/** The same bytes for the same seed, on every machine. */
export function fillRandom(data: Uint8Array, seed: number): void {
  let state = seed | 1;
  for (let index = 0; index < data.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    data[index] = state >>> 24;
  }
}

/** Frames of noise of any encoding, size, padding and byte order. */
export function noiseFrames(maxSidePx: number, encodings: readonly RawEncoding[] = RAW_ENCODINGS) {
  return fc
    .record({
      encoding: fc.constantFrom(...encodings),
      widthPx: fc.integer({ min: 2, max: maxSidePx }),
      heightPx: fc.integer({ min: 2, max: maxSidePx }),
      paddingBytes: fc.constantFrom(0, 0, 1, 6, 64, 5000),
      isBigEndian: fc.boolean(),
      byteOffset: fc.integer({ min: 0, max: 17 }),
      seed: fc.integer(),
    })
    .map(({ seed, ...parts }) => rawFrame(parts, (data) => fillRandom(data, seed)));
}
