import assert from 'node:assert/strict';
import { EffvitError, type EffvitErrorCode } from '../../src/core/EffvitError.js';

function assertRefusal(error: unknown, code: EffvitErrorCode, message: RegExp): true {
  assert.ok(error instanceof EffvitError, `not an EffvitError: ${String(error)}`);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  // One sentence: a single full stop, at the end.
  assert.match(error.message, /^[^\n]+[^.\s]\.$/);
  assert.doesNotMatch(error.message, /\. [A-Z]/);
  return true;
}

/** Asserts that `action` throws an EffvitError of this code with one sentence that matches. */
export function assertRefused(action: () => unknown, code: EffvitErrorCode, message: RegExp): void {
  assert.throws(action, (error) => assertRefusal(error, code, message));
}

/** The same for a promise. */
export async function assertRejected(
  action: Promise<unknown>,
  code: EffvitErrorCode,
  message: RegExp,
): Promise<void> {
  await assert.rejects(action, (error) => assertRefusal(error, code, message));
}
