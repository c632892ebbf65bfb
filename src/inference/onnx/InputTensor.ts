import { Nv12TensorConverter } from '../../image/Nv12TensorConverter.js';
import type { OnnxBackendSpec } from '../BackendSpec.js';

/**
 * The memory of a graph's input, filled frame after frame. ONNX Runtime refuses shared memory, so that this
 * is where a frame leaves it.
 */
export class InputTensor {
  readonly data: Float32Array | Uint8Array;
  readonly #fill: (nv12: Uint8Array) => void;

  constructor({ input, yuvRange }: Pick<OnnxBackendSpec, 'input' | 'yuvRange'>) {
    const { widthPx, heightPx, color, layout, mean, scale } = input;
    if (color === 'nv12') {
      const bytes = new Uint8Array((widthPx * heightPx * 3) / 2);
      this.data = bytes;
      this.#fill = (nv12) => bytes.set(nv12);
    } else {
      const converter = Nv12TensorConverter.create({
        widthPx,
        heightPx,
        layout,
        order: color,
        mean,
        scale,
        range: yuvRange,
      });
      this.data = converter.tensor;
      this.#fill = (nv12) => converter.convert(nv12);
    }
  }

  fill(nv12: Uint8Array): void {
    this.#fill(nv12);
  }
}
