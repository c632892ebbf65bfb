import {
  type EncodingTraits,
  frameBytesAt,
  hasChromaPlanes,
  minRowBytes,
  type RawEncoding,
} from './encodingTraits.js';

/** Known sizes of a frame and its rows. */
export interface RowClaim {
  readonly traits: EncodingTraits;
  readonly widthPx: number;
  readonly heightPx: number;
  /** `step` as received. */
  readonly stepBytes: number;
  readonly dataBytes: number;
}

/**
 * Bytes from one row of the first plane to the next, if step, size and length allow one interpretation; else undefined.
 *
 * Drivers set `step` differently: to 0 (simulators), to pixels, or for formats of several planes to all bytes divided
 * by the rows (1.5 x width for nv12: RealSense, DepthAI) or to the bits per pixel rounded up to bytes (2 x width). A
 * step that fits is used as it is.
 */
export function rowStride(claim: RowClaim): number | undefined {
  const { traits, widthPx, heightPx, stepBytes, dataBytes } = claim;
  const tight = minRowBytes(traits, widthPx);
  const bytesAt = (strideBytes: number) => frameBytesAt(traits, strideBytes, heightPx);
  if (!Number.isSafeInteger(stepBytes) || stepBytes < 0) return undefined;
  if (stepBytes >= tight && dataBytes >= bytesAt(stepBytes)) return stepBytes;
  // No step, or one in pixels: the rows have no padding if they fill the data exactly.
  if (stepBytes < tight) return dataBytes === bytesAt(tight) ? tight : undefined;
  if (!hasChromaPlanes(traits) || dataBytes < bytesAt(tight)) return undefined;
  if (dataBytes === bytesAt(tight)) return tight;
  if (stepBytes * heightPx !== dataBytes) return undefined;
  // All bytes divided by the rows: unpadded rows with space after the last one, or padded rows.
  if ([3, 4, 6].some((halves) => 2 * stepBytes === halves * widthPx)) return tight;
  const padded = Math.floor((stepBytes * heightPx * tight) / bytesAt(tight));
  return padded >= tight && bytesAt(padded) === dataBytes ? padded : undefined;
}

/** Why {@link rowStride} finds no rows. */
export function stepProblem(
  { traits, widthPx, heightPx, stepBytes, dataBytes }: RowClaim,
  encoding: RawEncoding,
): string {
  const rowBytes = minRowBytes(traits, widthPx);
  const tightBytes = frameBytesAt(traits, rowBytes, heightPx);
  if (!Number.isSafeInteger(stepBytes) || stepBytes < rowBytes) {
    return `has a step of ${stepBytes} bytes, but a row of ${widthPx} ${encoding} pixels needs at least ${rowBytes} (and ${dataBytes} bytes of data are not the ${tightBytes} of such rows)`;
  }
  const rule = hasChromaPlanes(traits) ? 'step x height and the chroma' : 'step x height';
  const neededBytes = frameBytesAt(traits, stepBytes, heightPx);
  const isStepWrong = stepBytes !== rowBytes && dataBytes >= tightBytes;
  const hint = isStepWrong ? `: a step of ${rowBytes} is expected, with the data that belongs to it` : '';
  return `(${widthPx}x${heightPx} ${encoding}, step ${stepBytes}) has ${dataBytes} bytes of data where ${rule} need ${neededBytes}${hint}`;
}
