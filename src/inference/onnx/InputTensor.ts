import type { YuvRange } from '../../image/ImageFrame.js';
import type { OnnxBackendSpec } from '../BackendSpec.js';

/**
 * The memory of a graph's input, filled frame after frame. ONNX Runtime refuses shared memory, so that this
 * is where a frame leaves it.
 */
export class InputTensor {
  readonly data: Float32Array | Uint8Array;
  readonly #fill: (nv12: Uint8Array) => void;

  constructor({ input, yuvRange }: Pick<OnnxBackendSpec, 'input' | 'yuvRange'>) {
    const pixels = input.widthPx * input.heightPx;
    if (input.color === 'nv12') {
      const bytes = new Uint8Array((pixels * 3) / 2);
      this.data = bytes;
      this.#fill = (nv12) => bytes.set(nv12);
    } else {
      const values = new Float32Array(pixels * 3);
      this.data = values;
      this.#fill = (nv12) => fillRgb(values, nv12, input, yuvRange);
    }
  }

  fill(nv12: Uint8Array): void {
    this.#fill(nv12);
  }
}

function fillRgb(
  values: Float32Array,
  nv12: Uint8Array,
  input: OnnxBackendSpec['input'],
  range: YuvRange,
): void {
  const { widthPx, heightPx } = input;
  const pixels = widthPx * heightPx;
  const luma = range === 'full' ? 1 : 255 / 219;
  const chroma = range === 'full' ? 1 : 255 / 224;
  const black = range === 'full' ? 0 : 16;
  const pixelStep = input.layout === 'nchw' ? 1 : 3;
  const planeStep = input.layout === 'nchw' ? pixels : 1;
  const [first, , third] = input.color === 'bgr' ? [2, 1, 0] : [0, 1, 2];
  const order = [first, 1, third] as const;
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1) {
      const uv = pixels + (y >> 1) * widthPx + (x & ~1);
      const grey = ((nv12[y * widthPx + x] ?? 0) - black) * luma;
      const u = ((nv12[uv] ?? 0) - 128) * chroma;
      const v = ((nv12[uv + 1] ?? 0) - 128) * chroma;
      const rgb = [grey + 1.402 * v, grey - 0.344136 * u - 0.714136 * v, grey + 1.772 * u] as const;
      const at = (y * widthPx + x) * pixelStep;
      for (const channel of [0, 1, 2] as const) {
        const value = Math.min(Math.max(rgb[order[channel]] ?? 0, 0), 255);
        values[at + channel * planeStep] = (value - input.mean[channel]) * input.scale[channel];
      }
    }
  }
}
