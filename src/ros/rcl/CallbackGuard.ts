import { asEffvitError } from '../../core/EffvitError.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import type { RclNode } from './rcl.js';

/** A camera at 200 Hz must not fill the log with one error. */
const LOG_PERIOD_NS = 10e9;
/** Of which is known when they were logged. */
const MOST_TEXTS = 64;
/** A failure counts for diagnostics so long. */
const RECENT_NS = 10e9;

/** What failed in a node's callbacks. */
export interface CallbackFailures {
  readonly count: number;
  /** The last one's name and reason, where it came in the last ten seconds. */
  readonly recent: string | undefined;
}

/**
 * The one entrance of a node's timers, subscriptions and services: what they throw (an error of rcl, say) is logged,
 * counted and told in diagnostics, and costs that call, not the node.
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

  /** For callbacks that answer for their errors themselves, or later. */
  failed(name: string, thrown: unknown): void {
    const nowNs = monotonicNs();
    const text = `${name} failed: ${asEffvitError(thrown).message}`;
    this.#count += 1;
    this.#last = { text, atNs: nowNs };
    const loggedNs = this.#loggedNs.get(text);
    if (loggedNs !== undefined && nowNs - loggedNs < LOG_PERIOD_NS) return;
    // Reasons with numbers of their own must not gather for ever.
    if (this.#loggedNs.size >= MOST_TEXTS) this.#loggedNs.clear();
    this.#loggedNs.set(text, nowNs);
    try {
      this.#logError(text);
    } catch {
      // A logger that fails is told by the count.
    }
  }
}

const guards = new WeakMap<RclNode, CallbackGuard>();

/** The guard of a node, one each. */
export function callbackGuard(node: RclNode): CallbackGuard {
  let guard = guards.get(node);
  if (guard === undefined) {
    guard = new CallbackGuard((text) => node.getLogger().error(text));
    guards.set(node, guard);
  }
  return guard;
}
