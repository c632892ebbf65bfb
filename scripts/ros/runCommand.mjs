import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { constants } from 'node:os';
import { finished } from 'node:stream/promises';
import { findExecutable } from './findExecutable.mjs';
import { SetupError } from './SetupError.mjs';

const TAIL_BYTES = 65536;
/** No step of the set-up takes longer than this on a slow robot; a command that does is stuck. */
const LIMIT_MS = 45 * 60_000;
const STOP_SIGNALS = Object.freeze(['SIGINT', 'SIGTERM']);

/** The signal that asked this process to stop; after it no further command is started. */
let stoppedBy;

function refuseWhenStopped() {
  if (stoppedBy === undefined) return;
  throw new SetupError('The set-up was interrupted: run it again, and it goes on where it stopped.', {
    exitCode: 128 + constants.signals[stoppedBy],
  });
}

/** The command, started so that it dies with this process: a set-up that was killed must not go on writing. */
function dyingWithUs(command, args, env) {
  const setpriv = findExecutable('setpriv', env);
  return setpriv === undefined ? [command, args] : [setpriv, ['--pdeathsig', 'KILL', '--', command, ...args]];
}

/**
 * Runs a command, its output into the log file, and gives back what it wrote on stdout. Never blocks the event loop
 * (the lock's heartbeat must go on). `failure` is the sentence of the error when it does not exit with 0.
 */
export async function runCommand(
  command,
  args,
  { cwd, env = process.env, log, failure, limitMs = LIMIT_MS },
) {
  refuseWhenStopped();
  // Asked for here: setpriv would only end with 127 where the command is not there.
  if (findExecutable(command, env) === undefined)
    throw new SetupError(`${failure}: ${command} was not found.`);
  const out = createWriteStream(log, { flags: 'a' });
  out.write(`\n$ ${[command, ...args].join(' ')}\n`);
  let stdout = '';
  let child;
  const stop = (signal) => {
    stoppedBy = signal;
    child.kill('SIGTERM');
  };
  // Before the command runs: it can be at work before spawn comes back. A signal is told only after that.
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  child = spawn(...dyingWithUs(command, args, env), { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (chunk) => {
    stdout = (stdout + chunk).slice(-TAIL_BYTES);
    out.write(chunk);
  });
  child.stderr.on('data', (chunk) => out.write(chunk));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, limitMs);
  const ended = await new Promise((resolve) => {
    child.once('error', (cause) => resolve({ cause }));
    // What the command left running may hold its output open for long: its own end counts.
    child.once('exit', (code, signal) => {
      const limit = setTimeout(() => resolve({ code, signal }), 2_000);
      child.once('close', () => {
        clearTimeout(limit);
        resolve({ code, signal });
      });
    });
  });
  clearTimeout(timer);
  for (const signal of STOP_SIGNALS) process.removeListener(signal, stop);
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  out.end();
  await finished(out);
  refuseWhenStopped();
  if (ended.cause !== undefined) {
    throw new SetupError(`${failure} (${command} could not be started: ${ended.cause.message})`, {
      cause: ended.cause,
      log,
    });
  }
  if (isLate)
    throw new SetupError(`${failure} (${command} did not end within ${limitMs / 60_000} minutes)`, { log });
  if (ended.code !== 0) {
    const how = ended.signal === null ? `exit code ${ended.code}` : `signal ${ended.signal}`;
    throw new SetupError(`${failure} (${command} ended with ${how})`, { log });
  }
  return stdout;
}
