import type { Command } from 'commander';
import { buildProgram, forEveryCommand, loadCommands } from '../../src/cli/buildProgram.js';
import type { CommandContext } from '../../src/cli/CommandContext.js';
import { Terminal } from '../../src/cli/Terminal.js';

const COMMANDS = await loadCommands();

function context(): CommandContext {
  return {
    terminal: new Terminal(),
    signal: new AbortController().signal,
    forceStop: new AbortController().signal,
    exitCode: 0,
    isSignalSuccess: false,
  };
}

/** The real tree of commands, whose actions do nothing: parsing a line judges it and runs nothing. */
export function commandTree(onAction: (command: Command) => void = () => undefined): Command {
  const program = buildProgram(COMMANDS, context());
  forEveryCommand(program, (command) => {
    command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    // A command without an action of its own prints its help, as the real one does.
    if (command.commands.length === 0) command.action(() => onAction(command));
  });
  return program;
}

/**
 * Parses the words behind `effvit` by the real tree; gives the command that would have run.
 *
 * @throws CommanderError that tells what is wrong with the line
 */
export function parsedCommand(words: readonly string[]): Command | undefined {
  let found: Command | undefined;
  const program = commandTree((command) => {
    found = command;
  });
  program.parse([...words], { from: 'user' });
  return found;
}

/** The help of a command as a user sees it, with what stands after the options. */
export function helpText(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}
