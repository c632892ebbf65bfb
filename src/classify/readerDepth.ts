import type { DropPolicy } from '../pool/FrameQueue.js';

/** Depth if frames are taken on arrival: enough for a short burst. */
export const BURST_DEPTH = 5;

/**
 * How many frames of a camera may wait in the middleware's reader, which keeps the newest. Under the policy `oldest`
 * the reader is the queue and gets the camera's share of the capacity. Under other policies waiting frames are not
 * replaced, so frames are taken on arrival.
 *
 * @param queueSize frames that may wait over all cameras together, from 1. @param cameraCount from 1.
 */
export function readerDepth(dropPolicy: DropPolicy, queueSize: number, cameraCount: number): number {
  return dropPolicy === 'oldest' ? Math.ceil(queueSize / cameraCount) : BURST_DEPTH;
}
