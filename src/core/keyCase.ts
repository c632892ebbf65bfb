type CamelCase<Key> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Key;

/** The type with keys like `widthPx` for `width_px`, at every depth; optional keys are absent where undefined. */
export type CamelCased<T> = T extends readonly unknown[]
  ? { readonly [Index in keyof T]: CamelCased<T[Index]> }
  : T extends object
    ? { readonly [Key in keyof T as CamelCase<Key> & PropertyKey]: CamelCased<Exclude<T[Key], undefined>> }
    : T;

/** The words of a camelCase name in lower case, with a separator between them: `top_k` for `topK` and `_`. */
export function separatedWords(name: string, separator: '_' | '-'): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `${separator}${letter.toLowerCase()}`);
}

/** Plain data with keys like `width_px`, as YAML, JSON and ROS have them; undefined values are left out. */
export function snakeCased(value: unknown): unknown {
  return renamed(value, (key) => separatedWords(key, '_'));
}

/** The inverse of {@link snakeCased}. */
export function camelCased<T>(value: T): CamelCased<T> {
  return renamed(value, (key) =>
    key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
  ) as CamelCased<T>;
}

function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [rename(key), renamed(inner, rename)]));
}
