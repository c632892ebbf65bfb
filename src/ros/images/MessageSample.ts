import type { ImageFrame } from '../../image/ImageFrame.js';
import type { RclMessageType } from '../rcl/rcl.js';

/** A C structure into which the middleware writes an image message; it is read in place. */
export interface MessageSample {
  /** Off the JavaScript heap, so it never moves; all zeros mean an empty message. */
  readonly struct: Buffer;
  /**
   * The message as a frame, valid until the structure is filled again or freed.
   *
   * @throws EffvitError BAD_IMAGE: the message contradicts itself.
   */
  frame(source: string): ImageFrame;
}

/** Properties of a message type that are needed to take its messages into structures. */
export interface SampleKind {
  readonly type: RclMessageType;
  readonly make: () => MessageSample;
  /** Frees the memory that a structure points to. */
  readonly finalize: (struct: Uint8Array) => void;
}
