import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { EffvitError } from '../core/EffvitError.js';
import { YamlLines } from '../core/YamlLines.js';
import { BPU_CHIPS, MARCH_OF_CHIP } from './BpuChip.js';
import type { ManifestPlace } from './manifestFromYaml.js';
import { type ManifestYaml, manifestSchema } from './manifestSchema.js';

type Problem = { readonly line: number; readonly message: string };
type Path = readonly PropertyKey[];

/**
 * Parses and validates the text of a manifest and fills in the defaults.
 *
 * @throws EffvitError BAD_MANIFEST: one sentence with every problem, each with its line and key.
 */
export function parseManifest(text: string, place: ManifestPlace): ManifestYaml {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
  const lines = new YamlLines(document, lineCounter);
  if (document.errors.length > 0) {
    throw manifestError(
      place,
      document.errors.map((error) => ({
        line: lines.atOffset(error.pos[0]),
        message: oneLine(error.message),
      })),
    );
  }
  const content = plainContent(document, place);
  const lineOf = (path: Path): number => lines.ofPath(path);
  const parsed = manifestSchema.safeParse(content);
  if (!parsed.success) {
    throw manifestError(
      place,
      parsed.error.issues.flatMap((issue) => problemsOf(issue, content, lineOf)),
    );
  }
  const crossProblems = crossChecks(parsed.data).map(([path, message]) => ({
    line: lineOf(path),
    message: `${path.join('.')}: ${message}`,
  }));
  if (crossProblems.length > 0) throw manifestError(place, crossProblems);
  return parsed.data;
}

function plainContent(document: ReturnType<typeof parseDocument>, place: ManifestPlace): unknown {
  try {
    return document.toJS({ maxAliasCount: 50 });
  } catch (error) {
    // An unresolved alias, or exponentially nested aliases.
    throw manifestError(place, [{ line: 1, message: oneLine((error as Error).message) }]);
  }
}

function problemsOf(issue: z.core.$ZodIssue, content: unknown, lineOf: (path: Path) => number): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      line: lineOf([...issue.path, key]),
      message: `unknown key ${[...issue.path, key].join('.')} (${issue.message})`,
    }));
  }
  const key = issue.path.join('.');
  const value = valueAt(content, issue.path);
  const received = value === undefined ? 'it is missing' : `received ${shown(value)}`;
  const subject = key === '' ? 'the file' : key;
  return [{ line: lineOf(issue.path), message: `expected ${issue.message} for ${subject} but ${received}` }];
}

function valueAt(content: unknown, path: Path): unknown {
  let value = content;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 80 ? `${json.slice(0, 77)}...` : json;
}

function oneLine(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/[.:]\s*$/, '');
}

/** Rules over more than one key. */
function crossChecks(yaml: ManifestYaml): [Path, string][] {
  const problems: [Path, string][] = [];
  const { width_px, height_px } = yaml.input;
  const longSidePx = Math.max(width_px ?? 0, height_px ?? 0);
  const shortSidePx = yaml.preprocess.resize_short_side_px;
  if (shortSidePx !== undefined && shortSidePx < longSidePx) {
    problems.push([
      ['preprocess', 'resize_short_side_px'],
      `${shortSidePx} is below the input's ${longSidePx} px, so no ${width_px ?? '?'}x${height_px ?? '?'} centre can be cut from it`,
    ]);
  }
  // TensorFlow's 1001 classes begin with a background class.
  if (yaml.labels === 'imagenet1k' && ![1000, 1001].includes(yaml.output.class_count ?? 1000)) {
    problems.push([
      ['labels'],
      `imagenet1k has 1000 labels but output.class_count is ${yaml.output.class_count}; name a labels file`,
    ]);
  }
  if (yaml.files.onnx?.builder !== undefined && yaml.files.weights === undefined) {
    problems.push([['files', 'onnx'], 'an ONNX file is built from files.weights, which is missing']);
  }
  if (yaml.files.onnx?.builder !== undefined && yaml.output.class_count === undefined) {
    problems.push([
      ['output', 'class_count'],
      'it is missing, and an ONNX file is built with so many classes',
    ]);
  }
  for (const side of ['width_px', 'height_px'] as const) {
    const isNv12 =
      yaml.input.color === 'nv12' || BPU_CHIPS.some((chip) => yaml.files.bpu[chip] !== undefined);
    if (isNv12 && (yaml.input[side] ?? 0) % 2 === 1) {
      problems.push([
        ['input', side],
        `${yaml.input[side]} is odd, and NV12, which a BPU takes, has even sides only`,
      ]);
    }
  }
  for (const chip of BPU_CHIPS) {
    const march = yaml.files.bpu[chip]?.march;
    if (march !== undefined && march !== MARCH_OF_CHIP[chip]) {
      problems.push([
        ['files', 'bpu', chip, 'march'],
        `${chip} runs ${MARCH_OF_CHIP[chip]}, a ${march} file cannot run there`,
      ]);
    }
  }
  return problems;
}

function manifestError(place: ManifestPlace, problems: readonly Problem[]): EffvitError {
  const inOrder = problems.toSorted((a, b) => a.line - b.line);
  const distinct = [...new Set(inOrder.map((problem) => `line ${problem.line}: ${problem.message}`))];
  const count = distinct.length === 1 ? 'a problem' : `${distinct.length} problems`;
  return new EffvitError('BAD_MANIFEST', `The manifest ${place.path} has ${count}: ${distinct.join('; ')}.`, {
    context: { file: place.path, line: inOrder[0]?.line },
  });
}
