import { chromaPlane, type EncodingTraits, minRowBytes } from './encodingTraits.js';

/** What is known of a frame's rows. */
export interface RowClaim {
  readonly traits: EncodingTraits;
  readonly widthPx: number;
  readonly heightPx: number;
  /** `step` as received. */
  readonly stepBytes: number;
  readonly dataBytes: number;
}

/** Bytes that a frame with rows of this length has, chroma included. */
export function frameBytesAt(traits: EncodingTraits, strideBytes: number, heightPx: number): number {
  const chroma = chromaPlane(traits, strideBytes, heightPx);
  return strideBytes * heightPx + chroma.strideBytes * chroma.rows;
}

/**
 * Bytes from one row of the first plane to the next, where step, size and length leave one reading; else undefined.
 *
 * Drivers differ in what `step` is: it is left at 0 by simulators, given in pixels, or, for formats of several
 * planes, all bytes over the rows (1.5 x width for nv12: RealSense, DepthAI), or bits a pixel rounded up to bytes
 * (2 x width). A step that fits is taken at its word.
 */
export function rowStride(claim: RowClaim): number | undefined {
  const { traits, widthPx, heightPx, stepBytes, dataBytes } = claim;
  const tight = minRowBytes(traits, widthPx);
  const bytesAt = (strideBytes: number) => frameBytesAt(traits, strideBytes, heightPx);
  if (!Number.isSafeInteger(stepBytes) || stepBytes < 0) return undefined;
  if (stepBytes >= tight && dataBytes >= bytesAt(stepBytes)) return stepBytes;
  // No step at all, or one of pixels: the rows lie tight where they fill the data exactly.
  if (stepBytes < tight) return dataBytes === bytesAt(tight) ? tight : undefined;
  const hasPlanes = traits.family === 'semiPlanar' || traits.family === 'planar';
  if (!hasPlanes || dataBytes < bytesAt(tight)) return undefined;
  if (dataBytes === bytesAt(tight)) return tight;
  if (stepBytes * heightPx !== dataBytes) return undefined;
  // The whole buffer over the rows: of tight rows with room behind them, or of rows that are padded.
  if ([3, 4, 6].some((halves) => 2 * stepBytes === halves * widthPx)) return tight;
  const padded = Math.floor((stepBytes * heightPx * tight) / bytesAt(tight));
  return padded >= tight && bytesAt(padded) === dataBytes ? padded : undefined;
}
