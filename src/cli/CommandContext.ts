import type { Command } from 'commander';
import type { Terminal } from './Terminal.js';

/** Passed to every command. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Aborted by the first SIGINT or SIGTERM: finish the current work, write complete results, then return. */
  readonly signal: AbortSignal;
  /** Aborted by the second one, or when the time to shut down cleanly is over: drop what is queued and return. */
  readonly forceStop: AbortSignal;
  /** Exit code of a command that did not throw but still failed, e.g. a comparison with differences. */
  exitCode: number;
  /**
   * Set by commands that run until they are stopped: a signal then gives exit code 0, and the time to shut down is
   * limited.
   */
  isSignalSuccess: boolean;
}

/** Adds arguments, options and action to a command that already has its name and description. */
export type RegisterCommand = (command: Command, context: CommandContext) => void;
