import { CommanderError } from 'commander';
import { asEffvitError } from '../core/EffvitError.js';
import { cancelReadsBy } from '../core/readInput.js';
import { buildProgram, loadCommands } from './buildProgram.js';
import type { CommandContext } from './CommandContext.js';
import { StopSignals } from './StopSignals.js';
import { Terminal } from './Terminal.js';

/**
 * Runs the command line and returns its exit code: 0, 1 (the work failed), 2 (wrong use), 130 or 143 (stopped by a
 * signal, after the work in progress finished or a second signal arrived).
 */
export async function runCli(argv: readonly string[]): Promise<number> {
  const terminal = new Terminal();
  const signals = new StopSignals({ isLimited: () => context.isSignalSuccess });
  const context: CommandContext = {
    terminal,
    signal: signals.signal,
    forceStop: signals.forceStop,
    exitCode: 0,
    isSignalSuccess: false,
  };
  cancelReadsBy(signals.signal);
  let isOutputLost = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that closes the pipe early (`effvit ... | head`) is not an error.
    if (error.code !== 'EPIPE' && !isOutputLost) {
      isOutputLost = true;
      process.exitCode = 1;
      terminal.error(`Cannot write to standard output: ${error.message}.`);
    }
    signals.stop(error.code ?? error.message);
  });
  // An error of standard error cannot be reported anywhere.
  process.stderr.on('error', () => undefined);
  try {
    await buildProgram(await loadCommands(argv), context).parseAsync([...argv], { from: 'user' });
    if (isOutputLost) return 1;
    return context.isSignalSuccess ? context.exitCode : (signals.exitCode ?? context.exitCode);
  } catch (thrown) {
    if (isOutputLost) return 1;
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    if (signals.signal.aborted) return signals.exitCode ?? 0;
    const error = asEffvitError(thrown);
    terminal.error(error.message);
    if (process.env['EFFVIT_DEBUG'] === '1')
      terminal.note(`${JSON.stringify({ code: error.code, ...error.context })}\n${(thrown as Error).stack}`);
    return error.exitCode;
  } finally {
    signals.close();
  }
}
