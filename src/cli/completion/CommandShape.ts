import type { Argument, Command, Option } from 'commander';

/** The accepted values of an option or argument. */
export interface ValueShape {
  readonly placeholder: string;
  /** Words to choose from; empty if any text is accepted. */
  readonly words: readonly string[];
  /** Whether a path is accepted. */
  readonly isFile: boolean;
  readonly isVariadic: boolean;
}

export interface OptionShape {
  /** As typed: `--json`, `-h`. */
  readonly names: readonly string[];
  readonly description: string;
  /** None for a flag. */
  readonly value: ValueShape | undefined;
}

/** A command as plain data, with what a shell needs for completion. */
export interface CommandShape {
  /** Starts with the program: `['effvit', 'model', 'pull']`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly commands: readonly CommandShape[];
  readonly options: readonly OptionShape[];
  readonly values: readonly ValueShape[];
}

/** A model is given by its name, or as a folder or file. */
const MODEL_PLACEHOLDER = 'model';
/** Placeholders that mean a path, such as an option's `<file>` or an argument's `<bag>`. */
const FILE_PLACEHOLDERS: ReadonlySet<string> = new Set([
  ...['file', 'path', 'list', 'picture', 'bag', 'config', 'folder'],
  MODEL_PLACEHOLDER,
]);

/**
 * The tree of commands as plain data.
 *
 * @param modelNames names of known models, offered wherever a model is expected.
 */
export function commandShape(
  command: Command,
  modelNames: readonly string[],
  parents: readonly string[] = [],
): CommandShape {
  const path = [...parents, command.name()];
  const valueShape = (placeholder: string, { argChoices, variadic }: Argument | Option): ValueShape => ({
    placeholder,
    words: argChoices ?? (placeholder === MODEL_PLACEHOLDER ? modelNames : []),
    isFile: argChoices === undefined && FILE_PLACEHOLDERS.has(placeholder),
    isVariadic: variadic,
  });
  return {
    path,
    description: brief(command.description()),
    commands: command.commands.map((child) => commandShape(child, modelNames, path)),
    options: command
      .createHelp()
      .visibleOptions(command)
      .map((option) => ({
        names: [option.short, option.long].filter((name) => name !== undefined),
        description: brief(option.description),
        value: option.required || option.optional ? valueShape(placeholderOf(option), option) : undefined,
      })),
    values: command.registeredArguments.map((argument) => valueShape(argument.name(), argument)),
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
