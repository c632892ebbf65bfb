import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

/** Finds the line of a key in a parsed YAML document. */
export class YamlLines {
  readonly #document: Document;
  readonly #lineCounter: LineCounter;

  constructor(document: Document, lineCounter: LineCounter) {
    this.#document = document;
    this.#lineCounter = lineCounter;
  }

  /** Line (1 is the first) of the offset in the file's text. */
  atOffset(offset: number): number {
    return Math.max(1, this.#lineCounter.linePos(offset).line);
  }

  /** Line of the key that `path` leads to, or of the deepest key on the way that exists. */
  ofPath(path: readonly PropertyKey[]): number {
    let node: unknown = this.#document.contents;
    let offset = rangeStart(node) ?? 0;
    for (const segment of path) {
      if (isAlias(node)) node = node.resolve(this.#document);
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
