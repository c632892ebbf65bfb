import type { RawMessageInfo } from '../patches/loadedAddon.js';
import type { RclMessageType } from '../rcl/rcl.js';
import type { MessageSample, SampleKind } from './MessageSample.js';
import type { TakenMessage } from './ReceivedImage.js';

/** Structures that wait for the next message with the memory of the last: one is filled while one is read. */
const KEPT_SAMPLES = 2;

/**
 * The structures that image messages are taken into, in use again and again. rclnodejs offers a message as CDR,
 * which the middleware and rclnodejs copy three times, each time to fresh memory, or as a JavaScript object, which
 * converts the pixels. Taken into the C structure of its type it is copied once, and nothing is converted.
 */
export class MessageSamples {
  readonly #kind: SampleKind;
  readonly #idle: MessageSample[] = [];
  #isClosed = false;

  constructor(kind: SampleKind) {
    this.#kind = kind;
  }

  get type(): RclMessageType {
    return this.#kind.type;
  }

  /**
   * Takes a message.
   *
   * @param source what the frame's `source` becomes: the topic's name.
   * @param fill writes the next message into the structure; undefined where there is none. What it throws is thrown.
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

  /** Frees what is idle; what is in use is freed when it is released. */
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
