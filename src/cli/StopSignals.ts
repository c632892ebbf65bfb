import { dieBy } from '../core/processExit.js';
import { limitExit } from '../pool/exitGuard.js';

/** Exit codes after a signal, as shells count them. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = keyof typeof EXIT_CODES;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const satisfies StopSignal[];

/**
 * A terminal or systemd signals all processes, and a wrapper such as npm or launch forwards the signal again: two
 * signals within this time count as one.
 */
const SAME_PRESS_MS = 500;
/** With a limit: the time that work in progress may take before it is aborted. */
const DRAIN_LIMIT_MS = 2000;
/** The time that the exit may take after it was forced. */
const HURRY_LIMIT_MS = 1500;

export interface StopSignalsOptions {
  /** Whether the time after the first signal is limited; called when the signal arrives. */
  readonly isLimited: () => boolean;
  /** Source of the signals; for tests. */
  readonly source?: {
    on(name: StopSignal, listener: (name: StopSignal) => void): unknown;
    off(name: StopSignal, listener: (name: StopSignal) => void): unknown;
  };
  /** Ends the process, by the signal if one is given; for tests. */
  readonly leave?: (signal?: StopSignal) => void;
  /** Limits the time until the process ends, in milliseconds from now; for tests. */
  readonly limitExitMs?: (limitMs: number, signal: StopSignal) => void;
}

/**
 * Handles SIGINT and SIGTERM. The first signal asks the program to shut down cleanly. The second one removes the
 * temporary files and kills the process. With a limit, the second signal or the timeout aborts `forceStop` instead: the
 * program drops what is queued and releases its resources; 2 s later the signal kills it even if something hangs.
 */
export class StopSignals {
  readonly #stop = new AbortController();
  readonly #forceStop = new AbortController();
  /** Aborted by the first signal: finish the current work, write complete results, then return. */
  readonly signal: AbortSignal = this.#stop.signal;
  /** Aborted by the second signal or the timeout: drop what is queued and return. Never before {@link signal}. */
  readonly forceStop: AbortSignal = this.#forceStop.signal;
  readonly #options: Required<StopSignalsOptions>;
  readonly #listener = (name: StopSignal): void => this.#on(name);
  #first: { readonly name: StopSignal; readonly atMs: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Installs the signal handlers; {@link close} removes them. */
  constructor(options: StopSignalsOptions) {
    this.#options = {
      source: process,
      leave: leaveProcess,
      limitExitMs: (limitMs, signal) => limitExit(performance.now() + limitMs, signal),
      ...options,
    };
    for (const name of SIGNALS) this.#options.source.on(name, this.#listener);
  }

  /** 128 + the number of the received signal; undefined if none was received. */
  get exitCode(): number | undefined {
    return this.#first === undefined ? undefined : EXIT_CODES[this.#first.name];
  }

  /** Stops without a signal, e.g. because the reader of a pipe has closed it. */
  stop(reason: string): void {
    this.#stop.abort(reason);
  }

  /**
   * Removes the signal handlers. After a forced stop, or with a limit after any signal, the process exits now: at its
   * natural end Node.js gives the signals back before the native parts have ended, and the second signal of one press
   * would kill it.
   */
  close(): void {
    const isLeaving = this.#first !== undefined && this.#options.isLimited();
    if (isLeaving) for (const name of SIGNALS) this.#options.source.on(name, ignoreSignal);
    this.#release();
    // The caller still has to set the exit code.
    if (isLeaving || this.#forceStop.signal.aborted) setImmediate(() => this.#options.leave());
  }

  #release(): void {
    for (const name of SIGNALS) this.#options.source.off(name, this.#listener);
    clearTimeout(this.#timer);
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
    // Commands that run until they are stopped must leave the ROS graph cleanly; the others have nothing to lose.
    const limitMs = this.#options.isLimited() ? HURRY_LIMIT_MS : 0;
    this.#options.limitExitMs(limitMs, name);
    this.#timer = setTimeout(() => {
      this.#release();
      this.#options.leave(name);
    }, limitMs).unref();
    this.#forceStop.abort(name);
  }
}

function ignoreSignal(): void {}

/** Dying by the signal skips the middleware's shutdown, which is what hangs at this point. */
function leaveProcess(signal?: StopSignal): void {
  // Registered last: the other exit handlers remove temporary files.
  if (signal !== undefined) process.once('exit', () => dieBy(signal));
  process.exit();
}
