// Mocha's spec reporter with the notes of failed tests (what their processes printed and said last), followed by the
// skipped tests with their reasons, the tests with stand-ins, and one summary line.
const { reporters, Runner } = require('mocha');

const REASONS_KEY = Symbol.for('effvit.leftOut');
const STAND_INS_KEY = Symbol.for('effvit.standIns');
const FAILURE_NOTES_KEY = Symbol.for('effvit.failureNotes');
/** Of each note the end is shown. */
const NOTE_CHARACTERS = 6000;

function reasonOf(title) {
  const reasons = globalThis[REASONS_KEY] ?? new Map();
  for (const [place, reason] of reasons) if (title.startsWith(place)) return reason;
  return 'no reason given';
}

function printFailureNotes() {
  for (const [title, note] of globalThis[FAILURE_NOTES_KEY] ?? []) {
    const text = note().trim();
    if (text !== '') console.log(`---- ${title}:\n${text.slice(-NOTE_CHARACTERS)}\n----`);
  }
}

module.exports = class ClosingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const leftOut = [];
    runner.on(Runner.constants.EVENT_TEST_PENDING, (test) => leftOut.push(test.fullTitle()));
    runner.on(Runner.constants.EVENT_TEST_FAIL, printFailureNotes);
    runner.on(Runner.constants.EVENT_TEST_END, () => globalThis[FAILURE_NOTES_KEY]?.splice(0));
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes = 0, failures = 0 } = this.stats;
      const byReason = new Map();
      for (const title of leftOut) {
        const reason = reasonOf(title);
        byReason.set(reason, [...(byReason.get(reason) ?? []), title]);
      }
      if (leftOut.length > 0) {
        console.log(`LEFT OUT: ${leftOut.length} tests did not run.`);
        for (const [reason, titles] of byReason) {
          console.log(`  because ${reason}`);
          for (const title of titles) console.log(`    - ${title}`);
        }
        console.log('');
      }
      const standIns = [...(globalThis[STAND_INS_KEY] ?? [])];
      if (standIns.length > 0) {
        console.log("STAND-INS: these ran with something else than on a user's machine.");
        for (const [place, what] of standIns) console.log(`  ${place}: with ${what}`);
        console.log('');
      }
      const rosLeftOut = leftOut.filter((title) => reasonOf(title).startsWith('ROS:'));
      this.countedAsFailed = process.env.CI === 'true' ? rosLeftOut.length : 0;
      if (this.countedAsFailed > 0)
        console.log(`In CI every ROS test has to run: ${this.countedAsFailed} left out count as failed.`);
      const failed = failures + this.countedAsFailed;
      console.log(`${passes} passed, ${failed} failed, ${leftOut.length} skipped`);
    });
  }

  /** Mocha derives its exit code from the number of failures passed on here. */
  done(failures, end) {
    end?.(failures + (this.countedAsFailed ?? 0));
  }
};
