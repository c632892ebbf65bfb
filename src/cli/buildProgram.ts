import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { packagePath } from '../core/packageRoot.js';
import type { CommandContext } from './CommandContext.js';
import { forEveryCommand } from './forEveryCommand.js';
import type { LoadedCommand } from './loadCommands.js';

/** The command line as commander's tree; parsing it runs the requested command. */
export function buildProgram(commands: readonly LoadedCommand[], context: CommandContext): Command {
  const { version } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as { version: string };
  const program = new Command('effvit')
    .description('Image classification for ROS 2: pictures, bags and camera topics in, top-k out.')
    .version(version)
    // Lets a subcommand pass unknown arguments on.
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText('after', '\nExample: effvit replay bags/signs_drive --report drive.html\n');
  addCommands(program, commands, context);
  forEveryCommand(program, (command) =>
    command.exitOverride().showHelpAfterError('(run with --help for the options)'),
  );
  return program;
}

function addCommands(parent: Command, commands: readonly LoadedCommand[], context: CommandContext): void {
  for (const { name, description, register, commands: below, example } of commands) {
    const command = parent.command(name).description(description);
    register?.(command, context);
    if (below !== undefined) addCommands(command, below, context);
    if (example !== undefined) command.addHelpText('after', `\nExample: ${example}\n`);
  }
}
