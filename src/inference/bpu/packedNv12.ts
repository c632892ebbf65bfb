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

/** Copies rows of `widthPx` bytes to rows that are `strideBytes` apart. */
export function copyRows(rows: Uint8Array, into: Uint8Array, widthPx: number, strideBytes: number): void {
  if (strideBytes === widthPx) {
    into.set(rows);
    return;
  }
  for (let from = 0, to = 0; from < rows.length; from += widthPx, to += strideBytes) {
    into.set(rows.subarray(from, from + widthPx), to);
  }
}
