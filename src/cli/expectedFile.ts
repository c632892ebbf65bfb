import {
  type ExpectedResults,
  type FrameResults,
  parseExpectedResults,
} from '../classify/expectedResults.js';
import { EffvitError } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';

/** Reads the file of `--expect`. @throws EffvitError NOT_FOUND, and as parseExpectedResults */
export async function readExpected(path: string): Promise<ExpectedResults> {
  const bytes = await readInput(path).catch((cause: unknown) => {
    throw new EffvitError(
      'NOT_FOUND',
      `There is no file ${path}: write it first with --save-expected ${path}.`,
      { context: { file: path }, cause },
    );
  });
  return parseExpectedResults(bytes.toString(), path);
}

/** Writes the file of `--save-expected`. @throws EffvitError IO_FAILED */
export async function saveExpected(
  path: string,
  { model, results: frames }: { readonly model: string; readonly results: readonly FrameResults[] },
): Promise<void> {
  const content: ExpectedResults = { version: 1, model, frames };
  await writeFileAtomic(path, `${JSON.stringify(content, undefined, 1)}\n`);
}
