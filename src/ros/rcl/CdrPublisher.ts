import { MessageEncoder } from '../../messages/definitions/MessageEncoder.js';
import { messageClass, type RclNode, type RclPublisher } from './rcl.js';

/**
 * A publisher that serialises its messages itself. rclnodejs converts an object field by field to the C structure that
 * the middleware then serialises: a DiagnosticArray blocked the event loop, and thus the frames, for 6 to 9 ms.
 */
export class CdrPublisher<Message extends object = object> {
  readonly #node: RclNode;
  readonly #publisher: RclPublisher<Buffer>;
  readonly #encoder: MessageEncoder;

  /** @throws EffvitError NOT_FOUND: the definition of the type is not in this package */
  constructor(node: RclNode, type: string, topic: string, options?: object) {
    this.#node = node;
    this.#encoder = new MessageEncoder(type);
    this.#publisher = node.createPublisher<Buffer>(messageClass(type), topic, options);
  }

  /** Matched subscriptions. */
  get subscriptionCount(): number {
    return this.#publisher.subscriptionCount;
  }

  /** @throws EffvitError BAD_ARGUMENT: a field is unknown, or its value does not fit its type */
  publish(message: Message): void {
    const { buffer, byteOffset, byteLength } = this.#encoder.encode(message);
    this.publishCdr(Buffer.from(buffer, byteOffset, byteLength));
  }

  /** Publishes a message that is serialised already. */
  publishCdr(cdr: Buffer): void {
    this.#publisher.publish(cdr);
  }

  destroy(): void {
    this.#node.destroyPublisher(this.#publisher);
  }
}
