/** Metadata keys for class names (ultralytics, PaddleX, Hugging Face, and written by hand). */
const KEYS = [
  'names',
  'labels',
  'label_names',
  'classes',
  'class_names',
  'classnames',
  'categories',
  'character',
  'id2label',
];

/**
 * The labels in a graph's metadata, if it has a list of as many texts as classes: as JSON, as Python writes a list
 * or a dictionary, or with lines or commas between them.
 *
 * @param classCount undefined: any number above one.
 */
export function metadataLabels(
  metadata: ReadonlyMap<string, string>,
  classCount: number | undefined,
): readonly string[] | undefined {
  const byKey = new Map([...metadata].map(([key, value]) => [key.toLowerCase(), value]));
  for (const key of KEYS) {
    const text = byKey.get(key)?.trim() ?? '';
    if (text === '') continue;
    for (const labels of readings(text)) {
      const isWhole = labels.length > 1 && labels.every((label) => label !== '');
      if (isWhole && labels.length === (classCount ?? labels.length)) return labels;
    }
  }
  return undefined;
}

/** Possible readings of a text, the most likely first. */
function* readings(text: string): Generator<readonly string[]> {
  const structured = parse(text) ?? parse(asJson(text));
  if (structured !== undefined) yield structured;
  if (/^[[{]/.test(text)) return;
  yield text.split(/\r?\n/).map((line) => line.trim());
  yield text.split(',').map((part) => part.trim());
  yield text.split(';').map((part) => part.trim());
}

function parse(json: string): readonly string[] | undefined {
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (Array.isArray(content)) return content.map((label) => String(label).trim());
  if (typeof content !== 'object' || content === null) return undefined;
  const table = content as Readonly<Record<string, unknown>>;
  const labels = Object.keys(table).map((_, index) => table[String(index)]);
  if (!labels.includes(undefined)) return labels.map((label) => String(label).trim());
  // {"cat": 0, "dog": 1}
  const byIndex = Object.entries(table).sort(([, a], [, b]) => Number(a) - Number(b));
  return byIndex.every(([, value], index) => Number(value) === index)
    ? byIndex.map(([label]) => label)
    : undefined;
}

/** Python's `{0: 'tench', 1: "cock's comb"}` as JSON. */
function asJson(text: string): string {
  return text
    .replaceAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g, (_, single?: string, double?: string) =>
      JSON.stringify((single ?? double ?? '').replaceAll(/\\(['"\\])/g, '$1')),
    )
    .replaceAll(/([{,]\s*)(\d+)\s*:/g, '$1"$2":');
}
