import { EffvitError } from '../core/EffvitError.js';

/** @throws EffvitError CANCELLED */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new EffvitError('CANCELLED', 'The quantisation was cancelled; nothing was written.', {
      cause: signal.reason,
    });
  }
}
