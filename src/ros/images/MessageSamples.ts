import type { RawMessageInfo } from '../patches/loadedAddon.js';
import type { RclMessageType } from '../rcl/rcl.js';
import type { MessageSample, SampleKind } from './MessageSample.js';
import type { TakenMessage } from './ReceivedImage.js';

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

  get type(): RclMessageType {
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
