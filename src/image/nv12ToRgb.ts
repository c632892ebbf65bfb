import { applyYuvWeights, YUV_TO_RGB } from './bt601.js';
import type { YuvRange } from './ImageFrame.js';
import { checkNv12Length, evened } from './TensorOptions.js';

/**
 * Converts the network's NV12 to interleaved 8-bit R, G, B for display. Each pixel takes the chroma of its 2x2 block
 * (nearest neighbour), as the RDK toolchain does; values outside 0..255 are clamped.
 *
 * For an odd size, the extra column and row of the NV12 are left out.
 *
 * @throws EffvitError INTERNAL if the length of `nv12` does not match the even size.
 */
export function nv12ToRgb(nv12: Uint8Array, widthPx: number, heightPx: number, range: YuvRange): Uint8Array {
  checkNv12Length(nv12, widthPx, heightPx);
  const { red, green, blue } = YUV_TO_RGB[range];
  const strideBytes = evened(widthPx);
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  for (let row = 0; row < heightPx; row++) {
    const lumaRow = strideBytes * row;
    const chromaRow = strideBytes * (evened(heightPx) + (row >> 1));
    for (let column = 0; column < widthPx; column++) {
      const pixel = row * widthPx + column;
      const chroma = chromaRow + (column & ~1);
      const luma = nv12[lumaRow + column] ?? 0;
      const u = nv12[chroma] ?? 0;
      const v = nv12[chroma + 1] ?? 0;
      rgb[3 * pixel] = applyYuvWeights(red, luma, u, v);
      rgb[3 * pixel + 1] = applyYuvWeights(green, luma, u, v);
      rgb[3 * pixel + 2] = applyYuvWeights(blue, luma, u, v);
    }
  }
  return rgb;
}
