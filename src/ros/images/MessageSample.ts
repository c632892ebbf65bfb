import type { ImageFrame } from '../../image/ImageFrame.js';
import type { RclMessageType } from '../rcl/rcl.js';

/** A C structure that the middleware writes an image message into, and that is read in place. */
export interface MessageSample {
  /** Off the JavaScript heap, so it never moves; zeros are an empty message. */
  readonly struct: Buffer;
  /**
   * The message as a frame, valid until the structure is filled or freed.
   *
   * @throws EffvitError BAD_IMAGE: the message contradicts itself.
   */
  frame(source: string): ImageFrame;
}

/** What is to be known of a message type to take its messages into structures. */
export interface SampleKind {
  readonly type: RclMessageType;
  readonly make: () => MessageSample;
  /** Frees what a structure points to. */
  readonly finalize: (struct: Uint8Array) => void;
}
