import { realYuvWeights, YUV_TO_RGB } from '../../src/image/bt601.js';
import { checkNv12Length, evened, type TensorOptions } from '../../src/image/TensorOptions.js';

const f32 = Math.fround;

/**
 * The definition of what {@link Nv12TensorConverter} computes, in plain TypeScript, every step rounded to float32:
 * the channel from Y and the nearest U and V, clamped to 0..255 but not rounded, then (channel - mean) * scale.
 */
export function nv12TensorTwin(nv12: Uint8Array, options: TensorOptions): Float32Array {
  const { widthPx, heightPx, layout, order, range, mean, scale } = options;
  checkNv12Length(nv12, widthPx, heightPx);
  const { red, green, blue } = YUV_TO_RGB[range];
  const pixels = widthPx * heightPx;
  const strideBytes = evened(widthPx);
  const lumaBytes = strideBytes * evened(heightPx);
  const tensor = new Float32Array(3 * pixels);
  const channels = order === 'rgb' ? [red, green, blue] : [blue, green, red];
  channels.map(realYuvWeights).forEach((weights, channel) => {
    const channelMean = f32(mean[channel] ?? 0);
    const channelScale = f32(scale[channel] ?? 1);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const [row, column] = [Math.floor(pixel / widthPx), pixel % widthPx];
      const pair = lumaBytes + (row >> 1) * strideBytes + (column & ~1);
      const [y = 0, u = 0, v = 0] = [nv12[row * strideBytes + column], nv12[pair], nv12[pair + 1]];
      const chroma = f32(f32(f32(f32(weights.u) * u) + f32(f32(weights.v) * v)) + f32(weights.bias));
      const value = Math.min(Math.max(f32(f32(f32(weights.y) * y) + chroma), 0), 255);
      const index = layout === 'nchw' ? channel * pixels + pixel : 3 * pixel + channel;
      tensor[index] = f32(value - channelMean) * channelScale;
    }
  });
  return tensor;
}
