import { EffvitError } from '../core/EffvitError.js';
import type { YuvRange } from './ImageFrame.js';

/** How NV12 is converted to the float32 tensor of a model with RGB input. */
export interface TensorOptions {
  /** 16 to 4096; for an odd width, the extra right column of the NV12 is left out. */
  readonly widthPx: number;
  /** 16 to 4096; for an odd height, the extra bottom row of the NV12 is left out. */
  readonly heightPx: number;
  /** Shape 1 x 3 x height x width, or 1 x height x width x 3. */
  readonly layout: 'nchw' | 'nhwc';
  readonly order: 'rgb' | 'bgr';
  /** Value = (channel in 0..255 - mean) * scale; one per channel, in the order of `order`. */
  readonly mean: readonly [number, number, number];
  readonly scale: readonly [number, number, number];
  /** BT.601 range of the NV12. */
  readonly range: YuvRange;
}

/** The next even number: NV12 has one chroma sample per 2x2 pixels, so its planes have even sizes. */
export function evened(sidePx: number): number {
  return sidePx + (sidePx % 2);
}

/** Bytes of a picture's NV12; an odd side is rounded up, and the picture is in the top left corner. */
export function nv12Bytes(widthPx: number, heightPx: number): number {
  return (evened(widthPx) * evened(heightPx) * 3) / 2;
}

/** @throws EffvitError INTERNAL: NV12 of another size is an error of the caller. */
export function checkNv12Length(nv12: Uint8Array, widthPx: number, heightPx: number): void {
  const expected = nv12Bytes(widthPx, heightPx);
  if (nv12.length !== expected) {
    throw new EffvitError(
      'INTERNAL',
      `NV12 of ${widthPx}x${heightPx} has ${expected} bytes, but ${nv12.length} were given: convert the frame with the model's own size.`,
    );
  }
}
