import { readInput } from '../core/readInput.js';
import type { CompressedImageFrame } from './ImageFrame.js';

/** Limit for a pipe; larger than any picture that is decoded. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * A picture file (or a pipe) as a frame; the path is its source.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED; TIMED_OUT, OUT_OF_RANGE, CANCELLED for pipes
 */
export async function pictureFrame(path: string, signal?: AbortSignal): Promise<CompressedImageFrame> {
  const missing = `There is no picture ${path}: check the path.`;
  const data = await readInput(path, { maxBytes: MOST_BYTES, signal, missing });
  return {
    kind: 'compressed',
    format: '',
    origin: 'file',
    data,
    stamp: { sec: 0, nanosec: 0 },
    frameId: '',
    source: path,
  };
}
