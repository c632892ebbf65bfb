import type { RegisterCommand } from './CommandContext.js';
import { COMMANDS, type CommandEntry, type CommandGroup } from './commands.js';

/** A command whose modules were imported, or one that only appears in the help. */
export interface LoadedCommand {
  readonly name: string;
  readonly description: string;
  readonly register?: RegisterCommand;
  /** Of a group. */
  readonly commands?: readonly LoadedCommand[];
  readonly example?: string;
}

/**
 * Imports only the requested command. The native parts and hundreds of modules of the other commands take time to load,
 * and may be missing on a machine that `effvit doctor` checks.
 *
 * @param argv if absent, every command is imported.
 */
export async function loadCommands(argv?: readonly string[]): Promise<readonly LoadedCommand[]> {
  const words = argv?.filter((word) => !word.startsWith('-'));
  // `effvit help classify` shows that command's options.
  const asked = words?.[0] === 'help' ? words.slice(1) : words;
  const needsAll = COMMANDS.some((one) => one.name === asked?.[0] && 'load' in one && one.needsAll === true);
  return Promise.all(COMMANDS.map((one) => loaded(one, needsAll ? undefined : asked)));
}

async function loaded(
  command: CommandEntry | CommandGroup,
  asked: readonly string[] | undefined,
): Promise<LoadedCommand> {
  const { name, description } = command;
  const isAsked = asked === undefined || asked[0] === name;
  if ('commands' in command) {
    const below = isAsked ? asked?.slice(1) : [];
    const commands = await Promise.all(command.commands.map((one) => loaded(one, below)));
    return { name, description, commands, example: command.example };
  }
  return { name, description, ...(isAsked && { register: await command.load() }) };
}
