import { EffvitError } from '../../core/EffvitError.js';
import { callbackGuard } from '../rcl/CallbackGuard.js';
import { messageClass, type RclNode, type RclNodeClass } from '../rcl/rcl.js';
import { type Addon, loadedAddon, type RawMessageInfo } from './loadedAddon.js';

/** A subscription object of rclnodejs. */
interface RclSubscription {
  readonly handle: object;
}

/** Private members of rclnodejs's Node that are needed here. */
interface ExecutingNode extends RclNode {
  /** The subscriptions that its thread waits for after a call of {@link syncHandles}. */
  readonly _subscriptions: RclSubscription[];
  syncHandles(): void;
  /** Called on the main thread with the ready handles; rclnodejs's thread waits until it returns. */
  execute(handles: readonly object[]): void;
  createGuardCondition(callback: () => void): { trigger(): void };
}

/** A subscription whose messages stay in the middleware's reader until they are taken. */
export interface DeferredSubscription {
  /** Whether `onReady` is called when there is a message. */
  readonly isWatched: boolean;
  /** Takes the next message into a C structure of its type; undefined if there is none. */
  take(struct: Buffer): RawMessageInfo | undefined;
  /** Stops calling `onReady`; messages stay in the reader. Call it only from `onReady`. */
  unwatch(): void;
  /** Starts calling `onReady` again, shortly after this call. */
  watch(): void;
  /** Later calls have no effect. */
  destroy(): void;
}

/**
 * The deferred subscriptions of a node. rclnodejs takes every message immediately, and its thread would spin as long as
 * a message is not taken. So an unwatched subscription is removed from the list that the thread waits for. The list may
 * be changed only while the thread waits for the main thread, or the main thread blocks until the next message.
 * Therefore `unwatch` is called from `onReady`, and `watch` first wakes the thread with a guard condition.
 */
class DeferredTakes {
  readonly #node: ExecutingNode;
  readonly #addon: Addon;
  readonly #onReady = new Map<object, () => void>();
  readonly #returning = new Set<RclSubscription>();
  readonly #guard: { trigger(): void };

  constructor(node: ExecutingNode, addon: Addon) {
    this.#node = node;
    this.#addon = addon;
    this.#guard = node.createGuardCondition(() => this.#return());
  }

  /** Calls `onReady` of the deferred subscriptions and returns the other handles. */
  divert(handles: readonly object[]): readonly object[] {
    const others: object[] = [];
    for (const handle of handles) {
      const onReady = this.#onReady.get(handle);
      if (onReady === undefined) others.push(handle);
      else onReady();
    }
    return others;
  }

  subscribe(type: string, topicName: string, options: object, onReady: () => void): DeferredSubscription {
    const node = this.#node;
    const addon = this.#addon;
    const made = node.createSubscription(messageClass(type), topicName, options, () => {});
    const subscription = made as RclSubscription;
    const { handle } = subscription;
    const guard = callbackGuard(node);
    const name = `the subscription to ${topicName}`;
    this.#onReady.set(handle, () => guard.run(name, onReady));
    let isWatched = true;
    let isDestroyed = false;
    return {
      get isWatched() {
        return isWatched;
      },
      take: (struct) => (isDestroyed ? undefined : addon.rclTakeWithInfo(handle, struct)),
      unwatch: () => {
        if (!isWatched || isDestroyed) return;
        isWatched = false;
        this.#returning.delete(subscription);
        const index = node._subscriptions.indexOf(subscription);
        if (index >= 0) node._subscriptions.splice(index, 1);
        node.syncHandles();
      },
      watch: () => {
        if (isWatched || isDestroyed) return;
        isWatched = true;
        this.#returning.add(subscription);
        this.#guard.trigger();
      },
      destroy: () => {
        isDestroyed = true;
        this.#onReady.delete(handle);
        this.#returning.delete(subscription);
        node.destroySubscription(subscription);
      },
    };
  }

  /** Call this only in `execute`, while rclnodejs's thread waits. */
  #return(): void {
    this.#node._subscriptions.push(...this.#returning);
    this.#returning.clear();
    this.#node.syncHandles();
  }
}

const takesOf = new WeakMap<RclNode, DeferredTakes>();

/**
 * Subscribes without taking the messages.
 *
 * @param options of rclnodejs's createSubscription.
 * @param onReady called when there is a message, repeatedly until it is taken or the subscription is unwatched.
 * @throws EffvitError INTERNAL if the node's class is not from {@link nodeWithDeferredTakes}.
 */
export function subscribeDeferred(
  node: RclNode,
  ...given: Parameters<DeferredTakes['subscribe']>
): DeferredSubscription {
  const takes = takesOf.get(node);
  if (takes === undefined) {
    throw new EffvitError('INTERNAL', 'The node has no deferred takes; this is a defect of effvit.');
  }
  return takes.subscribe(...given);
}

/** A Node class for {@link subscribeDeferred}. @throws EffvitError ROS_UNAVAILABLE: another version of rclnodejs */
export function nodeWithDeferredTakes(
  Base: RclNodeClass,
  addon: Addon | undefined = loadedAddon(),
): RclNodeClass {
  if (addon === undefined) {
    throw new EffvitError(
      'ROS_UNAVAILABLE',
      'The native part of rclnodejs cannot take messages by itself: install version 2.2.0 of rclnodejs.',
    );
  }
  const native = addon;
  const Parent = Base as RclNodeClass<ExecutingNode>;
  return class extends Parent {
    readonly #takes: DeferredTakes;

    constructor(...args: ConstructorParameters<RclNodeClass>) {
      super(...args);
      this.#takes = new DeferredTakes(this, native);
      takesOf.set(this, this.#takes);
    }

    override execute(handles: readonly object[]): void {
      const others = this.#takes.divert(handles);
      if (others.length > 0) super.execute(others);
    }
  };
}
