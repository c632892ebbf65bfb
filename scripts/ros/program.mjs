import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SetupError } from './SetupError.mjs';

/** True in the file that Node was started with, also by a link to it (a colcon workspace links to clones). */
export function isMain(moduleUrl) {
  const script = process.argv[1];
  return script !== undefined && realpathSync(script) === fileURLToPath(moduleUrl);
}

/** Does the work of a program; a failure that a person can act on ends it with one sentence and the exit code of the error. */
export async function reportSetupError(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const log = error.log === undefined ? '' : ` The whole output is in ${error.log}.`;
    const sentence = /[.:]$/.test(error.message) ? error.message : `${error.message}.`;
    process.stderr.write(`effvit: ${sentence}${log}\n`);
    process.exitCode = error.exitCode;
  }
}
