/** Reasons by the title of what was left out; the reporter of `npm test` prints them at the end. */
const REASONS_KEY = Symbol.for('effvit.leftOut');

type Reasons = Map<string, string>;

function reasons(): Reasons {
  const holder = globalThis as { [REASONS_KEY]?: Reasons };
  holder[REASONS_KEY] ??= new Map();
  return holder[REASONS_KEY];
}

/**
 * Leaves out the running test, or from a `before` hook its whole suite, and has the reason printed at the end
 * of the run. Where ROS is the reason, start the reason with `ROS:`; CI counts those as failures.
 */
export function leaveOut(context: Mocha.Context, reason: string): never {
  // In a `before` hook `currentTest` is the suite's first test, and `test` the hook: all of the suite is left out.
  const isSuite = context.test?.title.includes('"before all" hook') === true;
  const place = isSuite
    ? context.test?.parent?.fullTitle()
    : (context.currentTest ?? context.test)?.fullTitle();
  reasons().set(place ?? 'unnamed', reason);
  return context.skip();
}
