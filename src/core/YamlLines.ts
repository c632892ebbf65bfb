import {
  type Document,
  type DocumentOptions,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParseOptions,
  parseDocument,
  type SchemaOptions,
} from 'yaml';
import { EffvitError, type EffvitErrorCode, sentencePart } from './EffvitError.js';

/** One thing wrong in a YAML file. */
export interface YamlProblem {
  /** 1 for the first line. */
  readonly line: number;
  /** The key, with dots: `model_parameters.march`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** A parsed YAML document that finds the lines of its keys. */
export class YamlLines {
  readonly document: Document;
  /** Errors of syntax; the document is valid only if there are none. */
  readonly problems: readonly YamlProblem[];
  readonly #lineCounter = new LineCounter();

  constructor(text: string, options: ParseOptions & DocumentOptions & SchemaOptions = {}) {
    const lineCounter = this.#lineCounter;
    this.document = parseDocument(text, { ...options, lineCounter, prettyErrors: false });
    this.problems = this.document.errors.map(({ message, pos }) => ({
      line: this.atOffset(pos[0]),
      path: '',
      message: sentencePart(message),
    }));
  }

  /** Line (1 is the first) of the offset in the file's text. */
  atOffset(offset: number): number {
    return Math.max(1, this.#lineCounter.linePos(offset).line);
  }

  /** Line of the key that `path` leads to, or of the deepest key on the way that exists. */
  ofPath(path: readonly PropertyKey[]): number {
    let node: unknown = this.document.contents;
    let offset = rangeStart(node) ?? 0;
    for (const segment of path) {
      if (isAlias(node)) node = node.resolve(this.document);
      if (isMap(node)) {
        const pair = node.items.find(
          ({ key }) => String(isScalar(key) ? key.value : key) === String(segment),
        );
        if (pair === undefined) break;
        offset = rangeStart(pair.key) ?? offset;
        node = pair.value;
      } else if (isSeq(node)) {
        node = node.items[Number(segment)];
        offset = rangeStart(node) ?? offset;
      } else {
        break;
      }
    }
    return this.atOffset(offset);
  }
}

function rangeStart(node: unknown): number | undefined {
  return (node as Partial<Node> | null | undefined)?.range?.[0];
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
