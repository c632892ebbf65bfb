import { MessageEncoder } from '../../messages/definitions/MessageEncoder.js';
import type { RclNode, RclPublisher } from './rcl.js';

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
    const [pkgName = '', subFolder = '', interfaceName = ''] = type.split('/');
    // A minimal class with only the type's name: rclnodejs's classes would have to be generated for every package.
    const typeClass = Object.assign(class {}, { type: () => ({ pkgName, subFolder, interfaceName }) });
    this.#publisher = node.createPublisher<Buffer>(typeClass, topic, options);
  }

  /** Matched subscriptions. */
  get subscriptionCount(): number {
    return this.#publisher.subscriptionCount;
  }

  /** @throws EffvitError BAD_ARGUMENT: a field is unknown, or its value does not fit its type */
  publish(message: Message): void {
    const { buffer, byteOffset, byteLength } = this.#encoder.encode(message);
    this.#publisher.publish(Buffer.from(buffer, byteOffset, byteLength));
  }

  destroy(): void {
    this.#node.destroyPublisher(this.#publisher);
  }
}
