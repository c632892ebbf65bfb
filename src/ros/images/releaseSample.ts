import { MessageChannel } from 'node:worker_threads';

/** Smaller buffers may be parts of a pool, and are not worth it. */
const SMALLEST_BYTES = 64 * 1024;

// What is transferred to a port without a receiver is freed. `ArrayBuffer.prototype.transfer` came with Node.js 22.
const { port1: nobody, port2: receiver } = new MessageChannel();
receiver.close();

/**
 * Frees the memory of an image message at once: all views of it are empty afterwards. rclnodejs makes a buffer for
 * every message, and the garbage collector, left alone with 160 MB of them a second, halts the thread for 10 ms
 * several times a second; freed memory also is used again while it is still in the caches.
 *
 * @param data any view of the message's buffer, that nobody reads any more.
 */
export function releaseSample({ buffer }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < SMALLEST_BYTES) return;
  nobody.postMessage(undefined, [buffer]);
}
