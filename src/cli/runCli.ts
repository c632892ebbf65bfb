import { CommanderError } from 'commander';
import { asEffvitError } from '../core/EffvitError.js';
import { buildProgram } from './buildProgram.js';
import type { CommandContext } from './CommandContext.js';
import { Terminal } from './Terminal.js';

/** Exit codes after a signal, as shells count them. */
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs the command line and gives its exit code: 0, 1 (the work failed), 2 (wrong use), 130 or 143 (stopped
 * by a signal, after everything that was under way had ended).
 */
export async function runCli(argv: readonly string[]): Promise<number> {
  const terminal = new Terminal();
  const abort = new AbortController();
  const context: CommandContext = { terminal, signal: abort.signal, exitCode: 0, isSignalSuccess: false };
  let signalExitCode: number | undefined;
  const stop = (name: keyof typeof SIGNAL_EXIT_CODES): void => {
    signalExitCode = SIGNAL_EXIT_CODES[name];
    abort.abort(name);
  };
  const onSigint = (): void => stop('SIGINT');
  const onSigterm = (): void => stop('SIGTERM');
  process.on('SIGINT', onSigint).on('SIGTERM', onSigterm);
  // A reader that left early (`effvit ... | head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    abort.abort('EPIPE');
  });
  try {
    await buildProgram(context).parseAsync([...argv], { from: 'user' });
    return context.isSignalSuccess ? context.exitCode : (signalExitCode ?? context.exitCode);
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    if (abort.signal.aborted) return signalExitCode ?? 0;
    const error = asEffvitError(thrown);
    terminal.error(error.message);
    if (process.env['EFFVIT_DEBUG'] === '1') terminal.note(String((thrown as Error).stack));
    return error.exitCode;
  } finally {
    process.off('SIGINT', onSigint).off('SIGTERM', onSigterm);
  }
}
