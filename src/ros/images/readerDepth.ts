import type { DropPolicy } from '../../pool/FrameQueue.js';

/** For frames that are taken when they come: a short burst may be late. */
export const BURST_DEPTH = 5;

/**
 * How many frames of a camera wait in the middleware's reader, which keeps the newest. Where the oldest is to leave a
 * full queue that reader is the queue, and has the camera's share of its places. Under other policies what waits is
 * not replaced, so that frames are taken when they come.
 *
 * @param queueSize frames that may wait over all cameras together, from 1. @param cameraCount from 1.
 */
export function readerDepth(dropPolicy: DropPolicy, queueSize: number, cameraCount: number): number {
  return dropPolicy === 'oldest' ? Math.ceil(queueSize / cameraCount) : BURST_DEPTH;
}
