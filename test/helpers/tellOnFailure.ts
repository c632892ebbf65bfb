const FAILURE_NOTES_KEY = Symbol.for('effvit.failureNotes');

/**
 * Has the reporter of `npm test` print this below a test that fails, e.g. what a process that it started has printed:
 * a failure on another machine tells its cause at once. Notes are kept until the end of the test.
 *
 * @param note called when the test has failed; an empty text is not shown.
 */
export function tellOnFailure(title: string, note: () => string): void {
  const holder = globalThis as { [FAILURE_NOTES_KEY]?: [string, () => string][] };
  holder[FAILURE_NOTES_KEY] ??= [];
  holder[FAILURE_NOTES_KEY].push([title, note]);
}
