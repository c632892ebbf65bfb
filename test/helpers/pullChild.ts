// A process of its own that pulls a model, as the command does: node pullChild.js MODEL [LIMITS_JSON]
// Prints a line of JSON for each progress and one for the end; SIGINT aborts the pull, unless
// PULL_CHILD_HANDLES=nothing leaves it to the system.
import { copyFileSync } from 'node:fs';
import { EffvitError } from '../../src/core/EffvitError.js';
import { pullModel } from '../../src/fetch/pullModel.js';
import { resolveModel } from '../../src/model/resolveModel.js';

const [, , model = '', limits = '{}'] = process.argv;
const print = (line: object): void => console.log(JSON.stringify(line));
const stop = new AbortController();
if (process.env['PULL_CHILD_HANDLES'] !== 'nothing') process.once('SIGINT', () => stop.abort());
try {
  const files = await pullModel(await resolveModel(model), {
    signal: stop.signal,
    limits: JSON.parse(limits) as object,
    onProgress: print,
    buildOnnx: async ({ weightsPath, outputPath }) => copyFileSync(weightsPath, outputPath),
  });
  print({ files });
} catch (error) {
  const { code, message } =
    error instanceof EffvitError ? error : { code: 'UNEXPECTED', message: String(error) };
  print({ code, message });
  process.exitCode = 1;
}
