/**
 * A failure that a person can act on: one sentence with what was found and the remedy; `log` names the full output,
 * `exitCode` what the program ends with (128 and the signal's number where one ended it).
 */
export class SetupError extends Error {
  constructor(message, { cause, log, exitCode = 1 } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SetupError';
    this.log = log;
    this.exitCode = exitCode;
  }
}
