/** By the title of the suite or test that uses it; the reporter of `npm test` prints them at the end. */
const STAND_INS_KEY = Symbol.for('effvit.standIns');

/**
 * Has the reporter say at the end of the run that this suite (from a `before` hook) or test ran with something else
 * than on a user's machine, and why. It ran, so it counts as any other.
 *
 * @param what e.g. `the recording double of launch, as the package launch is not installed`
 */
export function tellStandIn(context: Mocha.Context, what: string): void {
  const holder = globalThis as { [STAND_INS_KEY]?: Map<string, string> };
  holder[STAND_INS_KEY] ??= new Map();
  // As in leaveOut: from a hook the running test is the hook itself.
  const isSuite = context.test?.title.includes('"before all" hook') === true;
  const place = (isSuite ? context.test?.parent : context.test)?.fullTitle();
  holder[STAND_INS_KEY].set(place ?? 'unnamed', what);
}
