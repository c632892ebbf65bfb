import { EffvitError } from './EffvitError.js';

/**
 * One option, described once. Each row yields the TypeScript type, the check, the command-line flag and, for options
 * of the node, the ROS parameter, its line in config/classifier.yaml and its row in docs/user/parameters.md.
 */
export interface OptionSpec<Value extends OptionValue = OptionValue> {
  readonly type: 'string' | 'integer' | 'double' | 'boolean' | 'string_array';
  readonly defaultValue: Value;
  /** One sentence; the option's name has the unit. */
  readonly description: string;
  /** Inclusive bounds of numbers. */
  readonly range?: { readonly min: number; readonly max: number };
  /** The values that a string may have. */
  readonly choices?: readonly string[];
  /** Of a string that is written in a form of its own: the form in words, and whether a text has it. */
  readonly format?: { readonly expected: string; readonly isMet: (text: string) => boolean };
  /** Applied at the next start (of the node: at `configure`); without this, an option may change while its owner runs. */
  readonly change?: 'restart';
}

/** What decides whether a value is valid. */
export type OptionRule = Omit<OptionSpec, 'description'>;

export type OptionValue = string | number | boolean | readonly string[];

/** Options by name. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** A row's type, default and inclusive bounds. */
export const integer = (defaultValue: number, min: number, max: number) =>
  ({ type: 'integer', defaultValue, range: { min, max } }) as const;

export const double = (defaultValue: number, min: number, max: number) =>
  ({ type: 'double', defaultValue, range: { min, max } }) as const;

/** A text with a set of values. */
export const oneOf = <const Choices extends readonly string[]>(
  defaultValue: Choices[number],
  choices: Choices,
) => ({ type: 'string', defaultValue, choices }) as const;

/** The values of a table's options; what {@link fillOptions} returns. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: ValueOf<Table[Name]>;
};

type ValueOf<Spec> = Spec extends { choices: readonly (infer Choice)[] }
  ? Choice
  : Spec extends { defaultValue: infer Value }
    ? Widened<Value>
    : never;

type Widened<Value> = Value extends string
  ? string
  : Value extends number
    ? number
    : Value extends boolean
      ? boolean
      : readonly string[];

/** Why a value is refused, as one sentence; undefined if it is valid. `name` is spelled as the caller spells it. */
export function optionProblem(name: string, spec: OptionRule, value: unknown): string | undefined {
  return isValueOf(spec, value) ? undefined : valueProblem(expectation(spec), name, value);
}

function isValueOf({ type, choices, range, format, defaultValue }: OptionRule, value: unknown): boolean {
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return (
        typeof value === 'string' &&
        (value !== '' || defaultValue === '') &&
        (choices === undefined || choices.includes(value)) &&
        (format === undefined || format.isMet(value))
      );
    case 'string_array': {
      if (!Array.isArray(value) || value.length === 0) return false;
      if (!value.every((item) => typeof item === 'string')) return false;
      const named = value.filter((item) => item !== '');
      // A ROS parameter cannot be an empty list: one of an empty text stands for none.
      const mayLackNames = Array.isArray(defaultValue) && defaultValue.includes('');
      return new Set(named).size === named.length && (mayLackNames || named.length === value.length);
    }
    case 'integer':
    case 'double': {
      if (typeof value !== 'number' || !Number.isFinite(value)) return false;
      if (type === 'integer' && !Number.isInteger(value)) return false;
      return range === undefined || (value >= range.min && value <= range.max);
    }
  }
}

function expectation(spec: OptionRule): string {
  if (spec.choices !== undefined) return `one of ${spec.choices.join(', ')}`;
  if (spec.format !== undefined) return spec.format.expected;
  const number = spec.type === 'integer' ? 'an integer' : 'a number';
  if (spec.range !== undefined) return `${number} from ${spec.range.min} to ${spec.range.max}`;
  switch (spec.type) {
    case 'boolean':
      return 'true or false';
    case 'string_array':
      return 'a list of different, non-empty texts';
    case 'string':
      return spec.defaultValue === '' ? 'a text' : 'a non-empty text';
    default:
      return number;
  }
}

const SHOWN_CHARACTERS = 120;

/** The sentence for an invalid value. */
export function valueProblem(expected: string, name: string, value: unknown): string {
  return `Expected ${expected} for ${name} but received ${shown(value)}.`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'no value';
  // JSON has neither NaN nor bigint.
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item));
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}...`;
}

/**
 * Completes the given options with the defaults, checks all values and freezes the result.
 *
 * @param noun what the caller calls an option, for messages about unknown names.
 * @throws EffvitError BAD_CONFIG with every problem in one message.
 */
export function fillOptions<Table extends OptionTable>(
  table: Table,
  given: Readonly<Record<string, unknown>>,
  noun = 'option',
): OptionValues<Table> {
  const problems = Object.keys(given)
    .filter((name) => !Object.hasOwn(table, name))
    .map((name) => `There is no ${noun} ${name}.`);
  const filled = Object.entries(table).map(([name, spec]) => {
    const value = given[name] ?? spec.defaultValue;
    const problem = optionProblem(name, spec, value);
    if (problem !== undefined) problems.push(problem);
    return [name, Array.isArray(value) ? Object.freeze([...value]) : value];
  });
  if (problems.length > 0) throw new EffvitError('BAD_CONFIG', problems.join(' '));
  // Every entry was checked against the row from which its type is derived.
  return Object.freeze(Object.fromEntries(filled)) as OptionValues<Table>;
}
