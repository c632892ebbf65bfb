import { randomUUID } from 'node:crypto';
import { stampFromNs } from '../core/Stamp.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import { packageProblem } from './rcl/messagesProblem.js';
import type { RclNode, RclPublisher } from './rcl/rcl.js';

const TYPE = 'bond/msg/Status';
const TOPIC = 'bond';
const PERIOD_S = 0.25;
/** How long the other side waits for a heartbeat; the value of nav2's managed nodes. */
const TIMEOUT_S = 4;

/** bond/msg/Status, as far as it is read here. */
interface Status {
  readonly id: string;
  readonly instance_id: string;
  readonly active: boolean;
}

/**
 * The node's side of the bond with which nav2's lifecycle manager supervises an active node: heartbeats on the topic
 * `bond` under the node's name, and a final message that breaks the bond. Without the package bond there is none.
 */
export class Bond {
  readonly #node: RclNode;
  readonly #publisher: RclPublisher;
  readonly #subscription: object;
  readonly #instanceId = randomUUID();
  #timer: NodeJS.Timeout | undefined;

  private constructor(node: RclNode) {
    this.#node = node;
    const guard = callbackGuard(node);
    this.#publisher = node.createPublisher<object>(TYPE, TOPIC);
    this.#subscription = node.createSubscription<Status>(TYPE, TOPIC, {}, (status) =>
      guard.run('the bond', () => this.#hear(status)),
    );
    // Before the timer: if it fails, the node does not become active and nothing would stop the heartbeats.
    this.#publish(true);
    this.#timer = guard.every(PERIOD_S * 1000, 'the bond', () => this.#publish(true));
  }

  /** Call this when the node becomes active; undefined if the messages of bond are not installed. */
  static start(
    node: RclNode,
    isInstalled = packageProblem('bond', process.env) === undefined,
  ): Bond | undefined {
    return isInstalled ? new Bond(node) : undefined;
  }

  /** Notifies the manager that the node stops regularly. */
  end(): void {
    try {
      this.#break();
    } finally {
      this.#node.destroySubscription(this.#subscription);
      this.#node.destroyPublisher(this.#publisher);
    }
  }

  #hear({ id, instance_id, active }: Status): void {
    if (id !== this.#node.name() || instance_id === this.#instanceId || active) return;
    // The manager has broken the bond: acknowledge it; the node's state does not change.
    this.#break();
  }

  /** Ends the heartbeats with a final message, once. */
  #break(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#publish(false);
  }

  #publish(active: boolean): void {
    this.#publisher.publish({
      header: { stamp: stampFromNs(this.#node.now().nanoseconds), frame_id: '' },
      id: this.#node.name(),
      instance_id: this.#instanceId,
      active,
      heartbeat_timeout: TIMEOUT_S,
      heartbeat_period: PERIOD_S,
    });
  }
}
