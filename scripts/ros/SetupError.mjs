/** A failure that a person can act on: one sentence with what was found and the remedy; `log` names the full output. */
export class SetupError extends Error {
  constructor(message, { cause, log } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SetupError';
    this.log = log;
  }
}
