import { float32ToFloat16 } from '../../core/float16.js';
import { Nv12TensorConverter } from '../../image/Nv12TensorConverter.js';
import { nv12Bytes } from '../../image/TensorOptions.js';
import type { OnnxBackendSpec } from '../BackendSpec.js';

/** Element types that a classifier's input may have. */
export const INPUT_TYPES = ['float32', 'float16', 'uint8'] as const;

export type InputType = (typeof INPUT_TYPES)[number];

/**
 * The memory of a graph's input, filled for each frame; the frames of a batch lie one after the other. ONNX Runtime does
 * not accept shared memory, so the frame is converted into unshared memory here.
 */
export class InputTensor {
  /** float16 is stored as bit patterns. */
  readonly data: Float32Array | Uint16Array | Uint8Array;
  /** Converts a frame into a place, from 0. */
  readonly fill: (nv12: Uint8Array, place?: number) => void;

  /**
   * @param type of the graph's input; `nv12` is always uint8.
   * @param places for frames, from 1.
   */
  constructor(
    { input, yuvRange }: Pick<OnnxBackendSpec, 'input' | 'yuvRange'>,
    type: InputType = 'float32',
    places = 1,
  ) {
    const { widthPx, heightPx, color } = input;
    if (color === 'nv12') {
      const frameBytes = nv12Bytes(widthPx, heightPx);
      const bytes = new Uint8Array(places * frameBytes);
      this.data = bytes;
      this.fill = (nv12, place = 0) => bytes.set(nv12, place * frameBytes);
      return;
    }
    const converter = new Nv12TensorConverter({ ...input, order: color, range: yuvRange });
    const { length } = converter.tensor;
    if (type === 'float16') {
      const patterns = new Uint16Array(places * length);
      this.data = patterns;
      this.fill = (nv12, place = 0) =>
        float32ToFloat16(converter.convert(nv12), patterns.subarray(place * length, (place + 1) * length));
    } else if (type === 'float32' && places === 1) {
      this.data = converter.tensor;
      this.fill = (nv12) => converter.convert(nv12);
    } else {
      // A clamped array rounds the floats to the nearest level.
      const values = new (type === 'uint8' ? Uint8ClampedArray : Float32Array)(places * length);
      this.data = values instanceof Float32Array ? values : new Uint8Array(values.buffer);
      this.fill = (nv12, place = 0) => values.set(converter.convert(nv12), place * length);
    }
  }
}
