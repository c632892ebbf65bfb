import { nv12ToRgb } from './nv12ToRgb.js';
import type { TensorOptions } from './TensorOptions.js';

/**
 * The definition of what {@link Nv12TensorConverter} computes, in plain TypeScript: 8-bit RGB, then (channel - mean)
 * * scale with every step rounded to float32.
 */
export function nv12TensorTwin(nv12: Uint8Array, options: TensorOptions): Float32Array {
  const { widthPx, heightPx, layout, order, range } = options;
  const rgb = nv12ToRgb(nv12, widthPx, heightPx, range);
  const pixels = widthPx * heightPx;
  const tensor = new Float32Array(3 * pixels);
  const mean = Float32Array.from(options.mean);
  const scale = Float32Array.from(options.scale);
  for (let channel = 0; channel < 3; channel++) {
    const place = order === 'rgb' ? channel : 2 - channel;
    for (let pixel = 0; pixel < pixels; pixel++) {
      const centred = Math.fround((rgb[3 * pixel + place] ?? 0) - (mean[channel] ?? 0));
      const index = layout === 'nchw' ? channel * pixels + pixel : 3 * pixel + channel;
      tensor[index] = centred * (scale[channel] ?? 0);
    }
  }
  return tensor;
}
