import {
  type ExpectedResults,
  type FrameResults,
  parseExpectedResults,
} from '../classify/expectedResults.js';
import { readInput } from '../core/readInput.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';

/** Reads the file of `--expect`. @throws EffvitError NOT_FOUND, IO_FAILED, and as parseExpectedResults */
export async function readExpected(path: string): Promise<ExpectedResults> {
  const missing = `There is no file ${path}: write it first with --save-expected ${path}.`;
  const bytes = await readInput(path, { missing });
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
