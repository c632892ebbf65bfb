import { stat } from 'node:fs/promises';
import type { Document } from 'yaml';
import type { core } from 'zod';
import { fileError, readError, sentencePart } from '../core/EffvitError.js';
import { nearestName } from '../core/nearestName.js';
import { readInput } from '../core/readInput.js';
import { valueAt, type YamlLines, type YamlProblem, yamlError } from '../core/YamlLines.js';
import { entries, makertbinSchema } from './makertbinSchema.js';
import { parseVendorYaml } from './parseVendorYaml.js';

/** A file of this size holds some 100000 node_info entries; more is no configuration. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** A configuration and where its keys stand, for problems that show only against the model. */
export type MakertbinFile = ReturnType<typeof parseMakertbinConfig>;

/**
 * Reads a configuration of the vendor's `hb_mapper makertbin`.
 *
 * @throws EffvitError BAD_CONFIG: one sentence with every problem and its line; NOT_FOUND, IO_FAILED
 */
export async function readMakertbinConfig(path: string): Promise<MakertbinFile> {
  let content: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) {
      throw fileError('BAD_CONFIG', path, `has ${size} bytes, too many for a configuration file`);
    }
    content = (await readInput(path)).toString();
  } catch (error) {
    throw readError(error, path, `No file ${path}: name a yaml file of hb_mapper makertbin.`);
  }
  return parseMakertbinConfig(content, path);
}

/** The content of such a file; `file` names it in messages. @throws EffvitError BAD_CONFIG */
export function parseMakertbinConfig(content: string, file: string) {
  const { document, lines, problems: syntax } = parseVendorYaml(content);
  if (syntax.length > 0) throw yamlError('BAD_CONFIG', file, file, syntax, document.errors[0]);
  const raw = toPlain(document, file);
  const parsed = makertbinSchema.safeParse(raw);
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => schemaProblems(issue, raw, lines))),
    ...checkMakertbinConfig(raw, lines),
  ];
  if (!parsed.success || problems.length > 0) throw yamlError('BAD_CONFIG', file, file, problems);
  return {
    config: parsed.data,
    /** The file's path, for messages. */
    file,
    /** The file's content: a pipe can be read only once. */
    text: content,
    /** Line of the key that the path leads to, e.g. `['model_parameters', 'march']`. */
    lineOf: (path: readonly string[]): number => lines.ofPath(path),
  };
}

function toPlain(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const message = error instanceof Error ? sentencePart(error.message) : String(error);
    throw yamlError('BAD_CONFIG', file, file, [{ line: 1, path: '', message }], error);
  }
}

function problemAt(lines: YamlLines, path: readonly string[], message: string): YamlProblem {
  return { line: lines.ofPath(path), path: path.join('.'), message };
}

function schemaProblems(issue: core.$ZodIssue, raw: unknown, lines: YamlLines): YamlProblem[] {
  const path = issue.path.map(String);
  const at = (own: readonly string[], message: string): YamlProblem => problemAt(lines, own, message);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => at([...path, key], unknownKey(key, path)));
  }
  const received = valueAt(raw, path);
  if (issue.code === 'invalid_type') {
    const expected = `expected ${TYPE_WORDS[issue.expected] ?? issue.expected}, got ${shown(received)}`;
    return [at(path, received === undefined ? 'is missing' : expected)];
  }
  if (issue.code === 'invalid_value') {
    // A list's entry has an index of its own, which the file does not show.
    const isEntry = /^\d+$/.test(path.at(-1) ?? '') && typeof received !== 'object';
    const own = isEntry ? path.slice(0, -1) : path;
    return [at(own, `expected ${issue.values.join(', ')}, got ${shown(valueAt(raw, own))}`)];
  }
  const got = issue.message.includes(', got ') ? '' : `, got ${shown(received)}`;
  return [at(path, issue.message + got)];
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'True or False',
  record: 'keys with values',
  object: 'keys with values',
};

function unknownKey(key: string, path: readonly string[]): string {
  if (key === 'true' && path.includes('node_info')) {
    return "YAML reads a bare ON as true: write 'ON' with quotes";
  }
  const near = nearestName(key, keysAt(path));
  return near === undefined ? 'is not a key of hb_mapper' : `is not a key of hb_mapper (nearest: ${near})`;
}

/** The keys that are known at a path of the file. */
function keysAt(path: readonly string[]): string[] {
  const [group, , node] = path;
  if (group === undefined) return Object.keys(makertbinSchema.shape);
  if (node !== undefined) return ['ON', 'InputType', 'OutputType'];
  const schema = Object.entries(makertbinSchema.shape).find(([name]) => name === group)?.[1];
  return schema !== undefined && 'shape' in schema ? Object.keys(schema.shape) : [];
}

function shown(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'keys';
  const shownText = typeof value === 'string' ? `'${value}'` : String(value);
  return shownText.length > 80 ? `${shownText.slice(0, 77)}...` : shownText;
}

/** Which runtime formats the compiler converts to which training format (the manual's table). */
const RUNTIME_TYPES: Readonly<Record<string, readonly string[]>> = {
  yuv444: ['nv12', 'yuv444'],
  rgb: ['nv12', 'yuv444', 'rgb', 'bgr'],
  bgr: ['nv12', 'yuv444', 'rgb', 'bgr'],
  gray: ['gray'],
  featuremap: ['featuremap'],
};

/**
 * Rules between keys, which a schema of single keys cannot hold. Looks at the raw file, so that its problems
 * are reported together with the schema's; a value of a wrong type is left to the schema.
 */
function checkMakertbinConfig(raw: unknown, lines: YamlLines): YamlProblem[] {
  const problems: YamlProblem[] = [];
  const readValue = (group: string, key: string): unknown => valueAt(raw, [group, key]);
  const entriesOf = (key: string): string[] => {
    const value = readValue('input_parameters', key);
    return typeof value === 'string' || typeof value === 'number' ? entries(String(value)) : [];
  };
  const isEmpty = (group: string, key: string): boolean => {
    const value = readValue(group, key) ?? '';
    return typeof value === 'string' && value.trim() === '';
  };
  const report = (group: string, key: string, message: string): void => {
    problems.push(problemAt(lines, [group, key], message));
  };

  const normType = entriesOf('norm_type')[0] ?? '';
  for (const [key, part] of [
    ['mean_value', 'mean'],
    ['scale_value', 'scale'],
  ] as const) {
    if (normType.includes(part) && isEmpty('input_parameters', key)) {
      report('input_parameters', key, `norm_type ${normType} needs it`);
    }
    const numbers = entriesOf(key)[0]?.split(/\s+/) ?? [];
    if (numbers.length !== 0 && numbers.length !== 1 && numbers.length !== 3) {
      report('input_parameters', key, `expected one number or one a channel (3), got ${numbers.length}`);
    }
  }

  for (const key of ['input_type_train', 'input_layout_train', 'input_type_rt', 'norm_type'] as const) {
    if (typeof readValue('input_parameters', key) === 'string' && entriesOf(key).length === 0) {
      report('input_parameters', key, 'is empty');
    }
  }
  const inputCount = Math.max(1, entriesOf('input_name').length);
  for (const key of Object.keys(Object(valueAt(raw, ['input_parameters'])))) {
    const count = entriesOf(key).length;
    if (inputCount > 1 && count > 1 && count !== inputCount) {
      report('input_parameters', key, `has ${count} entries for ${inputCount} names in input_name`);
    }
  }

  entriesOf('input_type_train').forEach((train, index) => {
    const allowed = RUNTIME_TYPES[train];
    const runtime = entriesOf('input_type_rt')[index];
    if (allowed !== undefined && runtime !== undefined && !allowed.includes(runtime)) {
      const message = `${runtime} cannot be converted to input_type_train ${train}, which takes`;
      report('input_parameters', 'input_type_rt', `${message} ${allowed.join(', ')}`);
    }
  });

  const type = readValue('calibration_parameters', 'calibration_type');
  if (type !== 'skip' && type !== 'load' && isEmpty('calibration_parameters', 'cal_data_dir')) {
    const message = 'names no folder, which only skip and load can do without';
    report('calibration_parameters', 'cal_data_dir', message);
  }
  const mode = readValue('compiler_parameters', 'compile_mode');
  if (mode === 'balance' && isEmpty('compiler_parameters', 'balance_factor')) {
    report('compiler_parameters', 'balance_factor', 'compile_mode balance needs it');
  }
  return problems;
}
