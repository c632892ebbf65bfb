import type { Argument, Command, Option } from 'commander';

/** What may stand in the place of an option's value or of an argument. */
export interface ValueShape {
  readonly placeholder: string;
  /** Words to choose from; none where anything may stand. */
  readonly words: readonly string[];
  /** Whether a path may stand there. */
  readonly isFile: boolean;
  readonly isVariadic: boolean;
}

export interface OptionShape {
  /** As typed: `--json`, `-h`. */
  readonly names: readonly string[];
  readonly description: string;
  /** None for a flag. */
  readonly value?: ValueShape;
}

/** A command as plain data: what a shell must know to complete it. */
export interface CommandShape {
  /** From the program on: `['effvit', 'model', 'pull']`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly commands: readonly CommandShape[];
  readonly options: readonly OptionShape[];
  readonly values: readonly ValueShape[];
}

/** Placeholders of paths: an option's `<file>`, an argument's `<bag>`. */
const FILE_PLACEHOLDERS = ['file', 'path', 'list', 'picture', 'bag', 'config', 'folder'] as const;
/** A model is named, or given as a folder or file. */
const MODEL_PLACEHOLDER = 'model';

/**
 * The tree of commands as plain data.
 *
 * @param modelNames models that are known by name, offered wherever one is asked for.
 */
export function commandShape(
  command: Command,
  modelNames: readonly string[],
  parents: readonly string[] = [],
): CommandShape {
  const path = [...parents, command.name()];
  const valueShape = (
    placeholder: string,
    choices: readonly string[] | undefined,
    isVariadic: boolean,
  ): ValueShape => ({
    placeholder,
    words: choices ?? (placeholder === MODEL_PLACEHOLDER ? modelNames : []),
    isFile:
      choices === undefined &&
      (placeholder === MODEL_PLACEHOLDER || FILE_PLACEHOLDERS.some((name) => name === placeholder)),
    isVariadic,
  });
  const argument = (one: Argument): ValueShape => valueShape(one.name(), one.argChoices, one.variadic);
  const option = (one: Option): OptionShape => {
    const names = [one.short, one.long].filter((name) => name !== undefined);
    const shape = { names, description: brief(one.description) };
    if (!one.required && !one.optional) return shape;
    return { ...shape, value: valueShape(placeholderOf(one), one.argChoices, one.variadic) };
  };
  const help = command.createHelp();
  return {
    path,
    description: brief(command.description()),
    commands: command.commands.map((child) => commandShape(child, modelNames, path)),
    options: help.visibleOptions(command).map(option),
    values: command.registeredArguments.map(argument),
  };
}

function placeholderOf({ flags }: Option): string {
  return /[<[](.+?)(?:\.\.\.)?[\]>]/.exec(flags)?.[1] ?? '';
}

/** The first clause: a shell shows one line. */
function brief(description: string): string {
  return (description.split(/[.;](?:\s|$)/)[0] ?? '').trim();
}

/** A command and all below it, depth first. */
export function everyShape(shape: CommandShape): readonly CommandShape[] {
  return [shape, ...shape.commands.flatMap(everyShape)];
}
