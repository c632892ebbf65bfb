import type { ImageFrame } from '../../image/ImageFrame.js';

/** An image message from a topic: a frame over borrowed memory. */
export interface ReceivedImage {
  readonly frame: ImageFrame;
  /** Returns the memory; call it once, when `frame.data` is no longer read. */
  release(): void;
}

/** A received message: an image, or why it is not a valid one. */
export type TakenMessage = ReceivedImage | { readonly error: unknown };
