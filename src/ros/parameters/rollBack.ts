import { asEffvitError, EffvitError } from '../../core/EffvitError.js';
import { runAllSteps } from '../../core/runAllSteps.js';

/** A change failed, and so did taking it back: the node runs with some of the refused values. */
export class RollbackError extends EffvitError {}

/** Takes back a failed change by running every step. @throws `error`; {@link RollbackError} if a step fails too */
export async function rollBack(error: unknown, steps: readonly (() => unknown)[]): Promise<never> {
  try {
    await runAllSteps(steps);
  } catch (undoing) {
    const [reason, why] = [error, undoing].map((thrown) => asEffvitError(thrown).message.replace(/\.$/, ''));
    throw new RollbackError(
      'INTERNAL',
      `${reason}, and the old values could not be restored (${why}): set the parameters again, or restart the node.`,
      { cause: undoing },
    );
  }
  throw error;
}
