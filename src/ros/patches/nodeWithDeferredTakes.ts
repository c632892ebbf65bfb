import { EffvitError } from '../../core/EffvitError.js';
import { callbackGuard } from '../rcl/CallbackGuard.js';
import type { RclMessageType, RclModule, RclNode } from '../rcl/rcl.js';
import { type Addon, loadedAddon, type RawMessageInfo } from './loadedAddon.js';

/** A subscription as rclnodejs keeps it. */
interface RclSubscription {
  readonly handle: object;
}

/** What of rclnodejs's Node is private, and needed here. */
interface ExecutingNode extends RclNode {
  /** What its thread waits for, once {@link syncHandles} was called. */
  readonly _subscriptions: RclSubscription[];
  syncHandles(): void;
  /** Called on the main thread with what is ready; rclnodejs's thread waits until it returns. */
  execute(handles: readonly object[]): void;
  createGuardCondition(callback: () => void): { trigger(): void };
}

export interface DeferredSubscriptionOptions {
  readonly type: RclMessageType;
  readonly topicName: string;
  /** Of rclnodejs's createSubscription. */
  readonly options: object;
  /** There is a message. Called again and again until it was taken, or the subscription is left unwatched. */
  readonly onReady: () => void;
}

/** A subscription whose messages lie in the middleware's reader until they are asked for. */
export interface DeferredSubscription {
  /** Whether `onReady` is called where there is a message. */
  readonly isWatched: boolean;
  /** Takes the next message into a C structure of its type; undefined where there is none. */
  take(struct: Buffer): RawMessageInfo | undefined;
  /** Leaves what comes to the reader; only from `onReady`. */
  unwatch(): void;
  /** Calls `onReady` again, soon, where there is a message. */
  watch(): void;
  /** Whoever calls further finds nothing. */
  destroy(): void;
}

/**
 * The deferred subscriptions of a node. rclnodejs takes a message as soon as there is one, and its thread, which waits
 * for messages that are there, would turn in circles where it is not taken. So the subscription leaves what that thread
 * waits for. The list may be changed only while the thread waits for the main one, else that blocks until the next
 * message: `unwatch` comes from `onReady`, and `watch` calls the thread by a guard condition first.
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

  /** Calls those that are deferred, and gives the others back. */
  divert(handles: readonly object[]): readonly object[] {
    const others: object[] = [];
    for (const handle of handles) {
      const onReady = this.#onReady.get(handle);
      if (onReady === undefined) others.push(handle);
      else onReady();
    }
    return others;
  }

  subscribe({ type, topicName, options, onReady }: DeferredSubscriptionOptions): DeferredSubscription {
    const node = this.#node;
    const addon = this.#addon;
    // rclnodejs asks the message class for its type alone, as nothing is taken by it.
    const messageClass = Object.assign(() => {}, { type: () => type });
    const made = node.createSubscription(messageClass, topicName, options, () => {});
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

  /** In `execute`: rclnodejs's thread waits. */
  #return(): void {
    this.#node._subscriptions.push(...this.#returning);
    this.#returning.clear();
    this.#node.syncHandles();
  }
}

const takesOf = new WeakMap<RclNode, DeferredTakes>();

/** @throws EffvitError INTERNAL for a node that is none of {@link nodeWithDeferredTakes}. */
export function subscribeDeferred(node: RclNode, options: DeferredSubscriptionOptions): DeferredSubscription {
  const takes = takesOf.get(node);
  if (takes === undefined) {
    throw new EffvitError('INTERNAL', 'The node has no deferred takes; this is a defect of effvit.');
  }
  return takes.subscribe(options);
}

/**
 * A Node class with subscriptions whose messages are taken when somebody wants them: see {@link subscribeDeferred}.
 *
 * @throws EffvitError ROS_UNAVAILABLE where rclnodejs's native part cannot take a message by itself.
 */
export function nodeWithDeferredTakes(
  Base: RclModule['Node'],
  addon: Addon | undefined = loadedAddon(),
): RclModule['Node'] {
  if (addon === undefined) {
    throw new EffvitError(
      'ROS_UNAVAILABLE',
      'The native part of rclnodejs cannot take messages by itself: install version 2.2.0 of rclnodejs.',
    );
  }
  const native = addon;
  const Parent = Base as new (...args: ConstructorParameters<RclModule['Node']>) => ExecutingNode;
  return class extends Parent {
    readonly #takes: DeferredTakes;

    constructor(...args: ConstructorParameters<RclModule['Node']>) {
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
