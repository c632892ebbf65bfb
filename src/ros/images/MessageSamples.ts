import type { ImageFrame } from '../../image/ImageFrame.js';
import type { RawMessageInfo } from '../patches/loadedAddon.js';

/** An image message from a topic: a frame over borrowed memory. */
export interface ReceivedImage {
  readonly frame: ImageFrame;
  /** Returns the memory; call it once, when `frame.data` is no longer read. */
  release(): void;
}

/** A received message: an image, or why it is not a valid one. */
export type TakenMessage = ReceivedImage | { readonly error: unknown };

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
  /** E.g. `sensor_msgs/msg/Image`. */
  readonly type: string;
  readonly make: () => MessageSample;
  /** Frees the memory that a structure points to. */
  readonly finalize: (struct: Uint8Array) => void;
}

/** Idle structures that are retained with their memory: one can be filled while another is read. */
const KEPT_SAMPLES = 2;

/**
 * Reusable structures into which image messages are taken. rclnodejs offers a message as CDR, which is copied three
 * times to newly allocated memory, or as a JavaScript object, which converts the pixels. Taken into the C structure of
 * its type, a message is copied once and not converted.
 */
export class MessageSamples {
  readonly #kind: SampleKind;
  readonly #idle: MessageSample[] = [];
  #isClosed = false;

  constructor(kind: SampleKind) {
    this.#kind = kind;
  }

  get type(): string {
    return this.#kind.type;
  }

  /**
   * Takes a message.
   *
   * @param source the frame's `source`: the topic's name.
   * @param fill writes the next message into the structure; undefined if there is none. Its errors pass through.
   */
  take(
    source: string,
    fill: (struct: Buffer) => RawMessageInfo | undefined,
  ): { readonly taken: TakenMessage; readonly info: RawMessageInfo } | undefined {
    const sample = this.#idle.pop() ?? this.#kind.make();
    let info: RawMessageInfo | undefined;
    try {
      info = fill(sample.struct);
    } finally {
      if (info === undefined) this.#putBack(sample);
    }
    return info === undefined ? undefined : { taken: this.#read(sample, source), info };
  }

  /** Frees idle structures; structures in use are freed when they are released. */
  close(): void {
    this.#isClosed = true;
    for (const sample of this.#idle.splice(0)) this.#kind.finalize(sample.struct);
  }

  #read(sample: MessageSample, source: string): TakenMessage {
    try {
      return { frame: sample.frame(source), release: () => this.#putBack(sample) };
    } catch (error) {
      this.#putBack(sample);
      return { error };
    }
  }

  #putBack(sample: MessageSample): void {
    if (this.#isClosed || this.#idle.length >= KEPT_SAMPLES) this.#kind.finalize(sample.struct);
    else this.#idle.push(sample);
  }
}
