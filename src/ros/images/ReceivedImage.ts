import type { ImageFrame } from '../../image/ImageFrame.js';

/** An image message that came from a topic: a frame over memory that is lent to it. */
export interface ReceivedImage {
  readonly frame: ImageFrame;
  /** Gives the memory back; to be called once, when nobody reads `frame.data` any more. */
  release(): void;
}

/** A message as it was taken: an image, or why it is none. */
export type TakenMessage = ReceivedImage | { readonly error: unknown };
