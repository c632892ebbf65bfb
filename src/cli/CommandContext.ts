import type { Command } from 'commander';
import type { Terminal } from './Terminal.js';

/** What every command gets. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Aborted by the first SIGINT or SIGTERM: finish what runs, write what is whole, then return. */
  readonly signal: AbortSignal;
  /** Aborted by the second one, or when the time to end in order is up: drop what waits, and return. */
  readonly forceStop: AbortSignal;
  /** The exit code of a command that ended without an error but not well (a failed comparison, say). */
  exitCode: number;
  /** For what runs until it is stopped: a signal then ends it with 0, and its time to end in order is limited. */
  isSignalSuccess: boolean;
}

/** Gives a command, which has its name and description, its arguments, options and action. */
export type RegisterCommand = (command: Command, context: CommandContext) => void;
