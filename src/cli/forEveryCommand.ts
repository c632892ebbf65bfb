import type { Command } from 'commander';

/** Visits a command, then its subcommands, depth first. */
export function forEveryCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEveryCommand(child, visit);
}
