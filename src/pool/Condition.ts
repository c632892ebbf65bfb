import { EventEmitter, once } from 'node:events';
import { EffvitError } from '../core/EffvitError.js';

/** A condition that callers wait for. Code that may have made it true calls `notifyAll`. */
export class Condition {
  readonly #isMet: () => boolean;
  readonly #changes = new EventEmitter<{ met: [] }>().setMaxListeners(0);

  constructor(isMet: () => boolean) {
    this.#isMet = isMet;
  }

  /** Resolves when the condition holds. @throws EffvitError CANCELLED once `signal` is aborted. */
  async wait(signal?: AbortSignal): Promise<void> {
    while (!this.#isMet()) {
      await once(this.#changes, 'met', { signal }).catch(() => {
        const cause: unknown = signal?.reason;
        throw new EffvitError('CANCELLED', 'The wait for the pool was cancelled by its caller.', { cause });
      });
    }
  }

  /** Call this after any change that may have made the condition true: all waiters check it again. */
  notifyAll(): void {
    if (this.#changes.listenerCount('met') > 0 && this.#isMet()) this.#changes.emit('met');
  }
}
