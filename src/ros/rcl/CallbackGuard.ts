import { asEffvitError } from '../../core/EffvitError.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import type { RclMessageClass, RclNode } from './rcl.js';

/** A camera at 200 Hz must not fill the log with the same error. */
const LOG_PERIOD_NS = 10e9;
/** The most messages for which the time of logging is stored. */
const MOST_TEXTS = 64;
/** How long diagnostics report a failure. */
const RECENT_NS = 10e9;

/** Failures in a node's callbacks. */
export interface CallbackFailures {
  readonly count: number;
  /** Name and reason of the last failure, if it occurred within the last ten seconds. */
  readonly recent: string | undefined;
}

/**
 * Runs the callbacks of a node's timers, subscriptions and services. Their errors, e.g. from rcl, are logged, counted
 * and reported in diagnostics. An error ends the callback, not the node.
 */
export class CallbackGuard {
  readonly #logError: (text: string) => void;
  readonly #loggedNs = new Map<string, number>();
  #count = 0;
  #last: { readonly text: string; readonly atNs: number } | undefined;

  constructor(logError: (text: string) => void) {
    this.#logError = logError;
  }

  get failures(): CallbackFailures {
    const last = this.#last;
    const isRecent = last !== undefined && monotonicNs() - last.atNs < RECENT_NS;
    return { count: this.#count, recent: isRecent ? last.text : undefined };
  }

  /** @param name of the callback, for people: `the subscription to /camera/image_raw`. */
  run(name: string, callback: () => void): void {
    try {
      callback();
    } catch (thrown) {
      this.failed(name, thrown);
    }
  }

  /** Runs a callback periodically. */
  every(periodMs: number, name: string, callback: () => void): NodeJS.Timeout {
    return setInterval(() => this.run(name, callback), periodMs);
  }

  /** For callbacks that catch their errors themselves, or fail later. */
  failed(name: string, thrown: unknown): void {
    const nowNs = monotonicNs();
    const text = `${name} failed: ${asEffvitError(thrown).message}`;
    this.#count += 1;
    this.#last = { text, atNs: nowNs };
    const loggedNs = this.#loggedNs.get(text);
    if (loggedNs !== undefined && nowNs - loggedNs < LOG_PERIOD_NS) return;
    // Reasons that contain changing numbers must not accumulate.
    if (this.#loggedNs.size >= MOST_TEXTS) this.#loggedNs.clear();
    this.#loggedNs.set(text, nowNs);
    try {
      this.#logError(text);
    } catch {
      // A failing logger still shows in the count.
    }
  }
}

const guards = new WeakMap<RclNode, CallbackGuard>();

/** The guard of a node; there is one per node. */
export function callbackGuard(node: RclNode): CallbackGuard {
  let guard = guards.get(node);
  if (guard === undefined) {
    guard = new CallbackGuard((text) => node.getLogger().error(text));
    guards.set(node, guard);
  }
  return guard;
}

/** A subscription with a guarded callback. @param shown the topic's name in errors. */
export function guardedSubscription<Message = Uint8Array>(
  node: RclNode,
  type: string | RclMessageClass,
  topic: string,
  options: object,
  callback: (message: Message) => void,
  shown = topic,
): object {
  const guard = callbackGuard(node);
  const name = `the subscription to ${shown}`;
  return node.createSubscription<Message>(type, topic, options, (message) =>
    guard.run(name, () => callback(message)),
  );
}
