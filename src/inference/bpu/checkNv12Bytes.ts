import { EffvitError } from '../../core/EffvitError.js';

/**
 * Checks the length of a tightly packed NV12 frame.
 *
 * @returns the bytes of its luma.
 * @throws EffvitError INFERENCE_FAILED
 */
export function checkNv12Bytes(nv12: Uint8Array, widthPx: number, heightPx: number): number {
  const lumaBytes = widthPx * heightPx;
  const expectedBytes = (lumaBytes * 3) / 2;
  if (nv12.length === expectedBytes) return lumaBytes;
  throw new EffvitError(
    'INFERENCE_FAILED',
    `Expected ${expectedBytes} bytes of NV12 but received ${nv12.length}; this is a defect of effvit.`,
  );
}
