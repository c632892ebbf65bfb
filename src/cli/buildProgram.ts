import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { packagePath } from '../core/packageRoot.js';
import type { CommandContext, RegisterCommand } from './CommandContext.js';
import { COMMANDS, type CommandEntry, type CommandGroup } from './commands.js';

/** The commands whose modules were imported; the others only appear in the help. */
export type LoadedCommands = ReadonlyMap<CommandEntry, RegisterCommand>;

/**
 * Imports only the requested command. The native parts and hundreds of modules of the other commands take time to load,
 * and may be missing on a machine that `effvit doctor` checks.
 *
 * @param argv if absent, every command is imported.
 */
export async function loadCommands(argv?: readonly string[]): Promise<LoadedCommands> {
  const words = argv?.filter((word) => !word.startsWith('-'));
  // `effvit help classify` shows that command's options.
  const asked = words?.[0] === 'help' ? words.slice(1) : words;
  const needsAll = COMMANDS.some((one) => one.name === asked?.[0] && 'load' in one && one.needsAll === true);
  const loaded = requested(COMMANDS, needsAll ? undefined : asked).map(
    async (entry) => [entry, await entry.load()] as const,
  );
  return new Map(await Promise.all(loaded));
}

/** @param asked The command's name and what follows it; all commands are requested if undefined. */
function requested(
  commands: readonly (CommandEntry | CommandGroup)[],
  asked: readonly string[] | undefined,
): CommandEntry[] {
  return commands
    .filter(({ name }) => asked === undefined || asked[0] === name)
    .flatMap((one) => ('commands' in one ? requested(one.commands, asked?.slice(1)) : [one]));
}

/** The command line as commander's tree; parsing it runs the requested command. */
export function buildProgram(loaded: LoadedCommands, context: CommandContext): Command {
  const { version } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as { version: string };
  const program = new Command('effvit')
    .description('Image classification for ROS 2: pictures, bags and camera topics in, top-k out.')
    .version(version)
    // Lets a subcommand pass unknown arguments on.
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText('after', '\nExample: effvit replay bags/signs_drive --report drive.html\n');
  const add = (parent: Command, entries: readonly (CommandEntry | CommandGroup)[]): void => {
    for (const entry of entries) {
      const command = parent.command(entry.name).description(entry.description);
      if ('commands' in entry) add(command, entry.commands);
      else loaded.get(entry)?.(command, context);
      if (entry.example !== undefined) command.addHelpText('after', `\nExample: ${entry.example}\n`);
    }
  };
  add(program, COMMANDS);
  forEveryCommand(program, (command) =>
    command.exitOverride().showHelpAfterError('(run with --help for the options)'),
  );
  return program;
}

/** Visits a command, then its subcommands, depth first. */
export function forEveryCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEveryCommand(child, visit);
}
