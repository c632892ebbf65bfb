import { EffvitError } from '../core/EffvitError.js';

/** A condition that callers wait for. Code that may have made it true calls `notifyAll`. */
export class Condition {
  readonly #isMet: () => boolean;
  #waiting = new Set<() => void>();

  constructor(isMet: () => boolean) {
    this.#isMet = isMet;
  }

  /** Resolves when the condition holds. @throws EffvitError CANCELLED once `signal` is aborted. */
  async wait(signal?: AbortSignal): Promise<void> {
    while (!this.#isMet()) {
      throwIfAborted(signal);
      await this.#nextNotification(signal);
    }
  }

  /** Call this after any change that may have made the condition true: all waiters check it again. */
  notifyAll(): void {
    if (this.#waiting.size === 0 || !this.#isMet()) return;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const resolve of waiting) resolve();
  }

  async #nextNotification(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new EffvitError('CANCELLED', 'The wait for the pool was cancelled by its caller.', {
    cause: signal.reason,
  });
}
