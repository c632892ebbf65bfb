import type { Addon, RawMessageInfo } from '../../src/ros/patches/loadedAddon.js';
import type { RclModule, RclNode } from '../../src/ros/rcl/rcl.js';

interface Message {
  readonly publisher: number;
  readonly number: bigint;
  /** What the structure's first word becomes. */
  readonly content: number;
}

/** A reader that keeps the newest messages, and counts what they replace. */
class Reader {
  readonly handle = {};
  readonly kept: Message[] = [];
  readonly topic: string;
  readonly depth: number;

  constructor(topic: string, depth: number) {
    this.topic = topic;
    this.depth = depth;
  }
}

/**
 * rclnodejs's node over a middleware of its own: readers keep the newest, and what is ready is told again with each
 * {@link turn} until it is taken, as rcl_wait does.
 */
export class FakeMiddleware {
  /** What the readers lost for newer messages. */
  replaced = 0;
  /** What was lost before it reached a reader. */
  lost = 0;
  sent = 0;
  /** Turns in which the node was called, and the times that it changed what is waited for. */
  calls = 0;
  syncs = 0;
  /** Whether the middleware numbers its messages. */
  isNumbered = true;
  readonly #readers = new Set<Reader>();
  readonly #numbers = new Map<number, bigint>();
  #watched: readonly Reader[] = [];
  #guards: (() => void)[] = [];
  #isTriggered = false;
  readonly node: RclNode & { execute(handles: readonly object[]): void };
  readonly Node: RclModule['Node'];

  constructor(wrap: (Node: RclModule['Node'], addon: Addon) => RclModule['Node']) {
    const middleware = this;
    class FakeNode {
      readonly _subscriptions: Reader[] = [];
      getLogger() {
        return { error: (text: string) => assertNothing(text) };
      }
      resolveTopicName(topic: string): string {
        return topic;
      }
      syncHandles(): void {
        middleware.syncs += 1;
        middleware.#watched = [...this._subscriptions];
      }
      createGuardCondition(callback: () => void) {
        middleware.#guards.push(callback);
        return {
          trigger: () => {
            middleware.#isTriggered = true;
          },
        };
      }
      createSubscription(_type: unknown, topic: string, { qos }: { qos: { depth: number } }): Reader {
        const reader = new Reader(topic, qos.depth);
        middleware.#readers.add(reader);
        this._subscriptions.push(reader);
        this.syncHandles();
        return reader;
      }
      destroySubscription(reader: Reader): void {
        middleware.#readers.delete(reader);
        const index = this._subscriptions.indexOf(reader);
        if (index >= 0) this._subscriptions.splice(index, 1);
        this.syncHandles();
      }
      execute(): void {
        if (!middleware.#isTriggered) return;
        middleware.#isTriggered = false;
        for (const guard of middleware.#guards) guard();
      }
    }
    const addon: Addon = {
      getParameterOverrides: () => undefined,
      rclTakeWithInfo: (handle, struct) => this.#take(handle, struct),
    };
    this.Node = wrap(FakeNode as unknown as RclModule['Node'], addon);
    this.node = new this.Node('fake') as typeof this.node;
  }

  /** @param isLost on the way. */
  publish(topic: string, publisher: number, content: number, isLost = false): void {
    this.sent += 1;
    const number = (this.#numbers.get(publisher) ?? 0n) + 1n;
    this.#numbers.set(publisher, number);
    if (isLost) {
      this.lost += 1;
      return;
    }
    for (const reader of this.#readers) {
      if (reader.topic !== topic) continue;
      reader.kept.push({ publisher, number, content });
      if (reader.kept.length <= reader.depth) continue;
      reader.kept.shift();
      this.replaced += 1;
    }
  }

  /** One round of rclnodejs's thread. @returns whether the node was called. */
  turn(): boolean {
    const ready: object[] = this.#watched.filter(({ kept }) => kept.length > 0).map(({ handle }) => handle);
    if (ready.length === 0 && !this.#isTriggered) return false;
    this.calls += 1;
    if (this.#isTriggered) ready.push(this.#guards);
    this.node.execute(ready);
    return true;
  }

  /** Messages that lie in a reader. */
  get waiting(): number {
    return [...this.#readers].reduce((sum, { kept }) => sum + kept.length, 0);
  }

  #take(handle: unknown, struct: Buffer): RawMessageInfo | undefined {
    const reader = [...this.#readers].find((one) => one.handle === handle);
    const message = reader?.kept.shift();
    if (message === undefined) return undefined;
    struct.writeUInt32LE(message.content);
    return {
      publication_sequence_number: this.isNumbered ? message.number : -1n,
      publisher_gid: Buffer.alloc(16, message.publisher),
      received_timestamp: 0n,
    };
  }
}

function assertNothing(text: string): never {
  throw new Error(`The node logs an error: ${text}`);
}
