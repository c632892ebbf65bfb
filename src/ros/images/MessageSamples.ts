import type { RclMessageClass } from '../rcl/rcl.js';
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
  /** By source: what is being filled; a take that finds nothing leaves it to the next one. */
  readonly #filling = new Map<string, MessageSample | undefined>();
  #isClosed = false;

  constructor(kind: SampleKind) {
    this.#kind = kind;
  }

  /**
   * A message class for {@link RclNode.createSubscription}, as rclnodejs 2 generates them, whose instances come to
   * the subscription's callback as {@link TakenMessage}s.
   *
   * @param source what the frames' `source` becomes: the topic's name.
   */
  messageClass(source: string): RclMessageClass {
    const { type } = this.#kind;
    const fill = (): Buffer => this.#fill(source).struct;
    const take = (): TakenMessage => this.#take(source);
    return class {
      static type() {
        return type;
      }
      /** The structure lives on: the frame is read in it. */
      static destroyRawROS(): void {}
      /** What the message is taken into. */
      toRawROS(): Buffer {
        return fill();
      }
      /** Asked for between `toRawROS` and `deserialize` of another instance. */
      readonly refObject = undefined;
      deserialize(): void {}
      toPlainObject(): TakenMessage {
        return take();
      }
    };
  }

  /** Frees what is idle; what is in use is freed when it is released. */
  close(): void {
    this.#isClosed = true;
    for (const sample of [...this.#idle, ...this.#filling.values()]) {
      if (sample !== undefined) this.#kind.finalize(sample.struct);
    }
    this.#idle.length = 0;
    this.#filling.clear();
  }

  #fill(source: string): MessageSample {
    const sample = this.#filling.get(source) ?? this.#idle.pop() ?? this.#kind.make();
    this.#filling.set(source, sample);
    return sample;
  }

  #take(source: string): TakenMessage {
    const sample = this.#fill(source);
    // Not deleted: see SourceLines.
    this.#filling.set(source, undefined);
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
