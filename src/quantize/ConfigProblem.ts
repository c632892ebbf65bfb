import { EffvitError } from '../core/EffvitError.js';

/** One thing wrong in a configuration file. */
export interface ConfigProblem {
  /** 1 for the first line. */
  readonly line: number;
  /** The key, with dots: `model_parameters.march`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** One sentence that names every problem with its line, in the order of the file. */
export function configError(
  file: string,
  problems: readonly ConfigProblem[],
  options?: { cause?: unknown },
): EffvitError {
  const sorted = [...problems].sort((a, b) => a.line - b.line);
  const parts = sorted.map(({ line, path, message }) =>
    path === '' ? `line ${line}: ${message}` : `line ${line}: ${path}: ${message}`,
  );
  const count = sorted.length === 1 ? 'a problem' : `${sorted.length} problems`;
  const [first] = sorted;
  const context = { file, line: first?.line, parameter: first?.path || undefined };
  return new EffvitError('BAD_CONFIG', `${file} has ${count}: ${parts.join('; ')}.`, { ...options, context });
}
