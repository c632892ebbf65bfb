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
  readonly #fill: (nv12: Uint8Array, place: number) => void;

  /**
   * @param type of the graph's input; `nv12` is always uint8.
   * @param places for frames, from 1.
   */
  constructor(
    { input, yuvRange }: Pick<OnnxBackendSpec, 'input' | 'yuvRange'>,
    type: InputType = input.color === 'nv12' ? 'uint8' : 'float32',
    places = 1,
  ) {
    const { widthPx, heightPx, color, layout, mean, scale } = input;
    if (color === 'nv12') {
      const frameBytes = nv12Bytes(widthPx, heightPx);
      const bytes = new Uint8Array(places * frameBytes);
      this.data = bytes;
      this.#fill = (nv12, place) => bytes.set(nv12, place * frameBytes);
      return;
    }
    const converter = new Nv12TensorConverter({
      widthPx,
      heightPx,
      layout,
      order: color,
      mean,
      scale,
      range: yuvRange,
    });
    const { length } = converter.tensor;
    if (type === 'float32' && places === 1) {
      this.data = converter.tensor;
      this.#fill = (nv12) => converter.convert(nv12);
    } else if (type === 'float32') {
      const values = new Float32Array(places * length);
      this.data = values;
      this.#fill = (nv12, place) => values.set(converter.convert(nv12), place * length);
    } else if (type === 'float16') {
      const patterns = new Uint16Array(places * length);
      this.data = patterns;
      this.#fill = (nv12, place) =>
        float32ToFloat16(converter.convert(nv12), patterns.subarray(place * length, (place + 1) * length));
    } else {
      // A clamped array rounds the floats to the nearest level.
      const levels = new Uint8ClampedArray(places * length);
      this.data = new Uint8Array(levels.buffer);
      this.#fill = (nv12, place) => levels.set(converter.convert(nv12), place * length);
    }
  }

  fill(nv12: Uint8Array, place = 0): void {
    this.#fill(nv12, place);
  }
}
