import type { z } from 'zod';
import { type EffvitError, sentencePart } from '../core/EffvitError.js';
import { valueAt, YamlLines, type YamlProblem, yamlError } from '../core/YamlLines.js';
import { BPU_CHIPS, MARCH_OF_CHIP } from './BpuChip.js';
import { type ManifestYaml, manifestSchema } from './manifestSchema.js';

type Path = readonly PropertyKey[];

/**
 * Parses and validates the text of a manifest and fills in the defaults.
 *
 * @param path The file's path as messages name it.
 * @throws EffvitError BAD_MANIFEST: one sentence with every problem, each with its line and key.
 */
export function parseManifest(text: string, path: string): ManifestYaml {
  const lines = new YamlLines(text, { stringKeys: true });
  const fail = (problems: readonly YamlProblem[]): EffvitError =>
    yamlError('BAD_MANIFEST', `The manifest ${path}`, path, problems);
  if (lines.problems.length > 0) throw fail(lines.problems);
  let content: unknown;
  try {
    content = lines.document.toJS({ maxAliasCount: 50 });
  } catch (error) {
    // An unresolved alias, or exponentially nested aliases.
    throw fail([{ line: 1, path: '', message: sentencePart((error as Error).message) }]);
  }
  const parsed = manifestSchema.safeParse(content);
  if (!parsed.success) throw fail(parsed.error.issues.flatMap((issue) => problemsOf(issue, content, lines)));
  const crossProblems = crossChecks(parsed.data).map(([path, message]) => ({
    line: lines.ofPath(path),
    path: path.join('.'),
    message,
  }));
  if (crossProblems.length > 0) throw fail(crossProblems);
  return parsed.data;
}

function problemsOf(issue: z.core.$ZodIssue, content: unknown, lines: YamlLines): YamlProblem[] {
  const at = (path: Path, message: string) => ({ line: lines.ofPath(path), path: '', message });
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return at(path, `unknown key ${path.join('.')} (${issue.message})`);
    });
  }
  const value = valueAt(content, issue.path);
  const received = value === undefined ? 'it is missing' : `received ${shown(value)}`;
  const subject = issue.path.join('.') || 'the file';
  return [at(issue.path, `expected ${issue.message} for ${subject} but ${received}`)];
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 80 ? `${json.slice(0, 77)}...` : json;
}

/** Rules over more than one key. */
function crossChecks({ input, preprocess, labels, output, files }: ManifestYaml): [Path, string][] {
  const problems: [Path, string][] = [];
  const { width_px, height_px } = input;
  const longSidePx = Math.max(width_px ?? 0, height_px ?? 0);
  const shortSidePx = preprocess.resize_short_side_px;
  if (shortSidePx !== undefined && shortSidePx < longSidePx) {
    const what = `${shortSidePx} is below the input's ${longSidePx} px`;
    const centre = `${width_px ?? '?'}x${height_px ?? '?'} centre`;
    problems.push([['preprocess', 'resize_short_side_px'], `${what}, so no ${centre} can be cut from it`]);
  }
  // TensorFlow's 1001 classes begin with a background class.
  if (labels === 'imagenet1k' && ![1000, 1001].includes(output.class_count ?? 1000)) {
    const what = `imagenet1k has 1000 labels but output.class_count is ${output.class_count}`;
    problems.push([['labels'], `${what}; name a labels file`]);
  }
  const isBuilt = files.onnx?.builder !== undefined;
  if (isBuilt && files.weights === undefined) {
    problems.push([['files', 'onnx'], 'an ONNX file is built from files.weights, which is missing']);
  }
  if (isBuilt && output.class_count === undefined) {
    const what = 'it is missing, and an ONNX file is built with so many classes';
    problems.push([['output', 'class_count'], what]);
  }
  const isNv12 = input.color === 'nv12' || BPU_CHIPS.some((chip) => files.bpu[chip] !== undefined);
  for (const side of ['width_px', 'height_px'] as const) {
    if (!isNv12 || (input[side] ?? 0) % 2 === 0) continue;
    const what = `${input[side]} is odd, and NV12, which a BPU takes, has even sides only`;
    problems.push([['input', side], what]);
  }
  for (const chip of BPU_CHIPS) {
    const march = files.bpu[chip]?.march;
    if (march === undefined || march === MARCH_OF_CHIP[chip]) continue;
    const what = `${chip} runs ${MARCH_OF_CHIP[chip]}, a ${march} file cannot run there`;
    problems.push([['files', 'bpu', chip, 'march'], what]);
  }
  return problems;
}
