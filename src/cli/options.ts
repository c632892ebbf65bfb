import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type ParameterName,
  type ParameterSpec,
  parameterProblem,
  parameterSpec,
} from '../core/parameters.js';

/** A parameter's name as a flag has it: `top-k` for `top_k`. */
export const flagOf = (name: string): string => name.replaceAll(/[._]/g, '-');

/** What stands in for the value in the help; the shell's completion goes by it as well. */
function placeholderOf({ name, type }: ParameterSpec): string {
  if (name === 'model') return 'model';
  return type === 'integer' || type === 'double' ? 'number' : 'value';
}

/** The text of a flag as the parameter's type. */
function parseValue(spec: ParameterSpec, text: string): unknown {
  switch (spec.type) {
    case 'integer':
    case 'double':
      return text.trim() === '' ? Number.NaN : Number(text);
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'string_array':
      return text.split(',');
    case 'string':
      return text;
  }
}

/**
 * Adds the flags of some rows of the parameter table: `--top-k 3` for `top_k`. A bad value is refused with the
 * same sentence as `ros2 param set` gives.
 *
 * @param defaults values that this command starts from, where they differ from the node's.
 */
export function addParameterOptions(
  command: Command,
  names: readonly ParameterName[],
  defaults: Partial<Record<ParameterName, unknown>> = {},
): void {
  for (const name of names) {
    const spec = parameterSpec(name);
    const bounds = spec.range === undefined ? '' : ` (${spec.range.min} to ${spec.range.max})`;
    const option = new Option(`--${flagOf(name)} <${placeholderOf(spec)}>`, `${spec.description}${bounds}`);
    // First the choices, for help and completion; they set a parser too, which ours then replaces.
    if (spec.choices !== undefined) option.choices(spec.choices);
    option.default(defaults[name] ?? spec.defaultValue).argParser((text: string) => {
      const value = parseValue(spec, text);
      const problem = parameterProblem(spec, Number.isNaN(value) ? text : value);
      if (problem !== undefined) throw new InvalidArgumentError(problem);
      return value;
    });
    command.addOption(option);
  }
}

/** The values of those flags under their parameter names. */
export function parametersFromOptions(
  options: Readonly<Record<string, unknown>>,
  names: readonly ParameterName[],
): Record<string, unknown> {
  const camel = (name: string): string =>
    name.replaceAll(/[._]([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(names.map((name) => [name, options[camel(name)]]));
}

/** An option with a few values. */
export function choiceOption<Choice extends string>(
  flags: string,
  description: string,
  choices: readonly Choice[],
  defaultChoice: Choice,
): Option {
  return new Option(flags, description)
    .choices(choices)
    .default(defaultChoice)
    .argParser((text: string) => {
      const found = choices.find((choice) => choice === text);
      if (found !== undefined) return found;
      throw new InvalidArgumentError(`Expected one of ${choices.join(', ')} but received ${text}.`);
    });
}

/** For options with a number in a range, both ends included. */
export function numberParser(min: number, max: number, isInteger = false): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= min && value <= max && (!isInteger || Number.isInteger(value))) return value;
    const kind = isInteger ? 'an integer' : 'a number';
    throw new InvalidArgumentError(`Expected ${kind} from ${min} to ${max} but received ${text}.`);
  };
}
