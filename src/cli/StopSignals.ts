import { limitExit } from '../pool/exitGuard.js';

/** Exit codes after a signal, as shells count them. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = keyof typeof EXIT_CODES;

/** What a terminal or systemd sends to all and a wrapper such as npm or launch hands on once more is one press of Ctrl-C. */
const SAME_PRESS_MS = 500;
/** With a limit, how long what was begun may take; then it is forced. */
const DRAIN_LIMIT_MS = 2000;
/** How long leaving may take once it is forced. */
const HURRY_LIMIT_MS = 2000;

export interface StopSignalsOptions {
  /** Whether the program hurries by itself some time after the first signal; asked when that comes. */
  readonly isLimited: () => boolean;
  /** What gives the signals; for tests. */
  readonly source?: {
    on(name: StopSignal, listener: () => void): unknown;
    off(name: StopSignal, listener: () => void): unknown;
  };
  /** Ends the process; by the signal where one is given. For tests. */
  readonly leave?: (signal?: StopSignal) => void;
  /** The longest that the end of the process may wait from now on, milliseconds; for tests. */
  readonly limitExitMs?: (limitMs: number, signal: StopSignal) => void;
}

/**
 * SIGINT and SIGTERM. The first asks the program to end in order. By a second one it dies, after its temporary files;
 * with a limit, that or the limit's end aborts `forceStop`: the program drops what waits and frees what must be freed, and 2 s later it dies
 * by the signal, whatever hangs.
 */
export class StopSignals {
  readonly #stop = new AbortController();
  readonly #forceStop = new AbortController();
  readonly #options: Required<StopSignalsOptions>;
  readonly #listeners: readonly (readonly [StopSignal, () => void])[];
  #first: { readonly name: StopSignal; readonly atMs: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Takes the signals over until {@link close}. */
  constructor(options: StopSignalsOptions) {
    this.#options = {
      source: process,
      leave: leaveProcess,
      limitExitMs: (limitMs, signal) => limitExit(performance.now() + limitMs, signal),
      ...options,
    };
    this.#listeners = (['SIGINT', 'SIGTERM'] as const).map((name) => [name, () => this.#on(name)]);
    for (const [name, listener] of this.#listeners) this.#options.source.on(name, listener);
  }

  /** Aborted by the first signal: finish what runs, write what is whole, then return. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Aborted by the second one, or when the time is up: drop what waits, and return. Never before {@link signal}. */
  get forceStop(): AbortSignal {
    return this.#forceStop.signal;
  }

  /** As a shell counts the signal that came; undefined without one. */
  get exitCode(): number | undefined {
    return this.#first === undefined ? undefined : EXIT_CODES[this.#first.name];
  }

  /** Stops without a signal: a reader has gone, say. */
  stop(reason: string): void {
    this.#stop.abort(reason);
  }

  /** Gives the signals back; who was forced leaves now, whatever the event loop still holds. */
  close(): void {
    for (const [name, listener] of this.#listeners) this.#options.source.off(name, listener);
    clearTimeout(this.#timer);
    // The caller still has to set the exit code.
    if (this.#forceStop.signal.aborted) setImmediate(() => this.#options.leave());
  }

  #on(name: StopSignal): void {
    const nowMs = performance.now();
    if (this.#first === undefined) {
      this.#first = { name, atMs: nowMs };
      if (this.#options.isLimited()) {
        this.#options.limitExitMs(DRAIN_LIMIT_MS + HURRY_LIMIT_MS, name);
        this.#timer = setTimeout(() => this.#force(name), DRAIN_LIMIT_MS).unref();
      }
      this.#stop.abort(name);
    } else if (nowMs - this.#first.atMs > SAME_PRESS_MS) {
      this.#force(name);
    }
  }

  #force(name: StopSignal): void {
    if (this.#forceStop.signal.aborted) return;
    clearTimeout(this.#timer);
    // What runs until it is stopped has a graph to leave in order; other commands have nothing to lose.
    const limitMs = this.#options.isLimited() ? HURRY_LIMIT_MS : 0;
    this.#options.limitExitMs(limitMs, name);
    this.#timer = setTimeout(() => {
      this.close();
      this.#options.leave(name);
    }, limitMs).unref();
    this.#forceStop.abort(name);
  }
}

/** By a signal the middleware is left as it stands: leaving in order is what has not come to an end. */
function leaveProcess(signal?: StopSignal): void {
  // After the others, which remove temporary files.
  if (signal !== undefined) process.once('exit', () => process.kill(process.pid, signal));
  process.exit();
}
