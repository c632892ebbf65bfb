import { float32ToFloat16 } from '../../core/float16.js';
import { Nv12TensorConverter } from '../../image/Nv12TensorConverter.js';
import { nv12Bytes } from '../../image/TensorOptions.js';
import type { OnnxBackendSpec } from '../BackendSpec.js';

/** Element types that a classifier's input may have. */
export const INPUT_TYPES = ['float32', 'float16', 'uint8'] as const;

export type InputType = (typeof INPUT_TYPES)[number];

/**
 * The memory of a graph's input, filled for each frame. ONNX Runtime does not accept shared memory, so the frame is
 * converted into unshared memory here.
 */
export class InputTensor {
  /** float16 is stored as bit patterns. */
  readonly data: Float32Array | Uint16Array | Uint8Array;
  readonly #fill: (nv12: Uint8Array) => void;

  /** @param type of the graph's input; `nv12` is always uint8. */
  constructor(
    { input, yuvRange }: Pick<OnnxBackendSpec, 'input' | 'yuvRange'>,
    type: InputType = input.color === 'nv12' ? 'uint8' : 'float32',
  ) {
    const { widthPx, heightPx, color, layout, mean, scale } = input;
    if (color === 'nv12') {
      const bytes = new Uint8Array(nv12Bytes(widthPx, heightPx));
      this.data = bytes;
      this.#fill = (nv12) => bytes.set(nv12);
      return;
    }
    const converter = Nv12TensorConverter.create({
      widthPx,
      heightPx,
      layout,
      order: color,
      mean,
      scale,
      range: yuvRange,
    });
    if (type === 'float32') {
      this.data = converter.tensor;
      this.#fill = (nv12) => converter.convert(nv12);
    } else if (type === 'float16') {
      const patterns = new Uint16Array(converter.tensor.length);
      this.data = patterns;
      this.#fill = (nv12) => float32ToFloat16(converter.convert(nv12), patterns);
    } else {
      // A clamped array rounds the floats to the nearest level.
      const levels = new Uint8ClampedArray(converter.tensor.length);
      this.data = new Uint8Array(levels.buffer);
      this.#fill = (nv12) => levels.set(converter.convert(nv12));
    }
  }

  fill(nv12: Uint8Array): void {
    this.#fill(nv12);
  }
}
