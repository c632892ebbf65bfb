import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { SetupError } from './SetupError.mjs';

const TAIL_BYTES = 65536;
/** No step of the set-up takes longer than this on a slow robot; a command that does is stuck. */
const LIMIT_MS = 45 * 60_000;

/**
 * Runs a command, its output into the log file, and gives back what it wrote on stdout. Never blocks the event loop
 * (the lock's heartbeat must go on). `failure` is the sentence of the error when it does not exit with 0.
 */
export async function runCommand(
  command,
  args,
  { cwd, env = process.env, log, failure, limitMs = LIMIT_MS },
) {
  const out = createWriteStream(log, { flags: 'a' });
  out.write(`\n$ ${[command, ...args].join(' ')}\n`);
  let stdout = '';
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (chunk) => {
    stdout = (stdout + chunk).slice(-TAIL_BYTES);
    out.write(chunk);
  });
  child.stderr.on('data', (chunk) => out.write(chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const stop = () => child.kill('SIGTERM');
  process.once('SIGTERM', stop);
  const ended = await new Promise((resolve) => {
    child.once('error', (cause) => resolve({ cause }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  clearTimeout(timer);
  process.removeListener('SIGTERM', stop);
  out.end();
  await finished(out);
  if (ended.cause !== undefined) {
    throw new SetupError(`${failure} (${command} could not be started: ${ended.cause.message})`, {
      cause: ended.cause,
      log,
    });
  }
  if (ended.code !== 0) {
    const how = ended.signal === null ? `exit code ${ended.code}` : `signal ${ended.signal}`;
    throw new SetupError(`${failure} (${command} ended with ${how})`, { log });
  }
  return stdout;
}
