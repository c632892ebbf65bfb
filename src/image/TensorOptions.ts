import { EffvitError } from '../core/EffvitError.js';
import type { YuvRange } from './ImageFrame.js';

/** How NV12 becomes the float32 tensor of a model that takes RGB. */
export interface TensorOptions {
  /** Even, 16 to 4096. */
  readonly widthPx: number;
  /** Even, 16 to 4096. */
  readonly heightPx: number;
  /** Shape 1 x 3 x height x width, or 1 x height x width x 3. */
  readonly layout: 'nchw' | 'nhwc';
  readonly order: 'rgb' | 'bgr';
  /** Value = (channel in 0..255 - mean) * scale; one a channel, in the order of `order`. */
  readonly mean: readonly [number, number, number];
  readonly scale: readonly [number, number, number];
  /** BT.601 range of the NV12. */
  readonly range: YuvRange;
}

/** Bytes of NV12 of this size. */
export function nv12Bytes(widthPx: number, heightPx: number): number {
  return (widthPx * heightPx * 3) / 2;
}

/** @throws EffvitError INTERNAL: NV12 of another size is a mistake of the caller. */
export function checkNv12Length(nv12: Uint8Array, widthPx: number, heightPx: number): void {
  const expected = nv12Bytes(widthPx, heightPx);
  if (nv12.length !== expected) {
    throw new EffvitError(
      'INTERNAL',
      `NV12 of ${widthPx}x${heightPx} has ${expected} bytes, but ${nv12.length} were given: convert the frame with the model's own size.`,
    );
  }
}
