/** The types of a record's fields, by name. */
type Shape = Readonly<Record<string, 'string' | 'number'>>;

type Shaped<Fields extends Shape> = {
  readonly [Name in keyof Fields]: Fields[Name] extends 'string' ? string : number;
};

/** Whether a value from one of our own JSON files has exactly these fields; for more complex rules use zod, which takes longer to load. */
export function isShaped<const Fields extends Shape>(
  value: unknown,
  fields: Fields,
): value is Shaped<Fields> {
  if (typeof value !== 'object' || value === null) return false;
  const names = Object.keys(fields);
  return (
    Object.keys(value).length === names.length &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === fields[name])
  );
}
