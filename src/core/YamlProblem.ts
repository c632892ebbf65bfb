import { EffvitError, type EffvitErrorCode } from './EffvitError.js';

/** One thing wrong in a YAML file. */
export interface YamlProblem {
  /** 1 for the first line. */
  readonly line: number;
  /** The key, with dots: `model_parameters.march`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/**
 * One sentence that names every problem with its line, in the order of the file.
 *
 * @param subject The file as the sentence begins with it: its path, or `The manifest` and its path.
 */
export function yamlError(
  code: EffvitErrorCode,
  subject: string,
  file: string,
  problems: readonly YamlProblem[],
  cause?: unknown,
): EffvitError {
  const sorted = [...problems].sort((a, b) => a.line - b.line);
  const parts = sorted.map(({ line, path, message }) =>
    path === '' ? `line ${line}: ${message}` : `line ${line}: ${path}: ${message}`,
  );
  const distinct = [...new Set(parts)];
  const count = distinct.length === 1 ? 'a problem' : `${distinct.length} problems`;
  const [first] = sorted;
  return new EffvitError(code, `${subject} has ${count}: ${distinct.join('; ')}.`, {
    cause,
    context: { file, line: first?.line, parameter: first?.path || undefined },
  });
}

/** The value that a path leads to in parsed YAML; undefined where there is none. */
export function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  let value = content;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return value;
}
