import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  CLASSIFIER_OPTIONS,
  type ClassifierOptionName,
  type ClassifierOptions,
  classifierOptions,
} from '../classify/classifierOptions.js';
import { badArgument } from '../core/EffvitError.js';
import { separatedWords } from '../core/keyCase.js';
import { type OptionSpec, optionProblem } from '../core/optionTable.js';

/** Options of the model's input, for `CLASSIFIER_FLAGS` of a command. */
export const INPUT_FLAGS = ['resizeMode', 'resizeFilter', 'resizeOn', 'roi', 'nv12Range'] as const;

/** Options of scores and UNKNOWN. */
export const SCORE_FLAGS = ['temperature', 'knownScore', 'knownScoreThreshold'] as const;

/** Options of the checks of pictures. */
export const PICTURE_CHECK_FLAGS = [
  'pictureChecks',
  'minBrightness',
  'maxBrightness',
  'minContrast',
  'minSharpness',
  'maxFlatShare',
] as const;

/** An option's flag: `--top-k` for `topK`. */
const flagOf = (name: string): string => `--${separatedWords(name, '-')}`;

/** Placeholder of the value in the help; the shell completion uses it too. */
function placeholderOf(name: string, { type }: OptionSpec): string {
  if (name === 'model') return 'model';
  return type === 'integer' || type === 'double' ? 'number' : 'value';
}

/** Parses the text of a flag to the parameter's type. */
function parseValue(spec: OptionSpec, text: string): unknown {
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
 * Adds flags for some of the classifier's options; commander returns their values under the same names. A bad value is
 * rejected with the same message as by `ros2 param set`.
 *
 * @param defaults of this command that differ from the table's.
 */
export function addClassifierOptions(
  command: Command,
  names: readonly ClassifierOptionName[],
  defaults: Partial<ClassifierOptions> = {},
): void {
  for (const name of names) {
    const spec: OptionSpec = CLASSIFIER_OPTIONS[name];
    const flag = flagOf(name);
    const bounds = spec.range === undefined ? '' : ` (${spec.range.min} to ${spec.range.max})`;
    const option = new Option(`${flag} <${placeholderOf(name, spec)}>`, `${spec.description}${bounds}`);
    // Choices come first, for help and completion: they also set a parser, which ours replaces.
    if (spec.choices !== undefined) option.choices(spec.choices);
    option.default(defaults[name] ?? spec.defaultValue).argParser((text: string) => {
      const value = parseValue(spec, text);
      const problem = optionProblem(flag, spec, Number.isNaN(value) ? text : value);
      if (problem !== undefined) throw new InvalidArgumentError(problem);
      return value;
    });
    command.addOption(option);
  }
}

/** The values of some of the classifier's options. */
export type FlagValues<Names extends readonly ClassifierOptionName[]> = Pick<
  ClassifierOptions,
  Names[number]
>;

/**
 * The classifier's options of a command line; the others have the table's defaults.
 *
 * @param fixed by the command.
 */
export function classifierOptionsOf<Name extends ClassifierOptionName>(
  options: Pick<ClassifierOptions, Name>,
  names: readonly Name[],
  fixed: Partial<ClassifierOptions> = {},
): ClassifierOptions {
  const given = names.map((name) => [name, options[name]]);
  return classifierOptions({ ...Object.fromEntries(given), ...fixed });
}

/**
 * Refuses options that do not go with the rest of a command line.
 *
 * @param remedy the end of the sentence after the flags that were given.
 * @throws EffvitError BAD_ARGUMENT
 */
export function refuseGiven<Options>(
  options: Options,
  names: readonly (keyof Options & string)[],
  remedy: string,
): void {
  const given = names.filter((name) => options[name] !== undefined).map(flagOf);
  if (given.length > 0) throw badArgument(`${given.join(', ')} ${remedy}.`);
}

/** For commands that write files. */
export function forceOption(): Option {
  return new Option('--force', 'replace files that effvit did not write');
}

/** An option with a few values. */
export function choiceOption<Choice extends string>(
  flags: string,
  description: string,
  choices: readonly Choice[],
  defaultChoice?: Choice,
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

/** For options with integers as 1,4,8 or 1-16 or both; each is given once, in the order of the text. */
export function integersParser(min: number, max: number): (text: string) => number[] {
  return (text) => {
    const all = text.split(',').flatMap((part) => {
      const [, first = '', last = first] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
      const count = Number(last) - Number(first) + 1;
      if (first !== '' && Number(first) >= min && Number(last) <= max && count >= 1) {
        return Array.from({ length: count }, (_, index) => Number(first) + index);
      }
      throw new InvalidArgumentError(
        `Expected integers from ${min} to ${max} with commas between them, or a range like ${min}-${max}, but received ${text}.`,
      );
    });
    return [...new Set(all)];
  };
}

/** Range of the playback rate, both ends included, in `play`, `replay` and launch/replay.launch.py. */
export const RATE_RANGE = { min: 0.01, max: 100 } as const;

/** Parser of an option with a playback rate. */
export const parseRate: (text: string) => number = numberParser(RATE_RANGE.min, RATE_RANGE.max);

/** The same, and also `max`: as fast as possible. */
export function parseRateOrMax(text: string): number | 'max' {
  if (text === 'max') return text;
  try {
    return parseRate(text);
  } catch {
    const { min, max } = RATE_RANGE;
    throw new InvalidArgumentError(`Expected max or a factor from ${min} to ${max} but received ${text}.`);
  }
}

export const DEFAULT_WEB_PORT = 8080;

/** `--web [port]`: the value is the port, or true. */
export function webOption(): Option {
  return new Option(
    '--web [port]',
    `a live page for browsers, with pictures, on this port (${DEFAULT_WEB_PORT})`,
  ).argParser(numberParser(1, 65_535, true));
}
