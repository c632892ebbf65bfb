// npm run ros -- COMMAND ...: runs a command in the ROS 2 of this package (see environment.mjs).
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { rosEnvironment } from './environment.mjs';
import { reportSetupError } from './program.mjs';
import { SetupError } from './SetupError.mjs';

const [command, ...args] = process.argv.slice(2);

function environment() {
  const ros = rosEnvironment();
  if (ros.missing !== undefined)
    throw new SetupError(`ROS is not set up (${ros.missing}): run npm run ros:setup first.`);
  return ros.env;
}

function run(env) {
  const child = spawn(command, args, { env, stdio: 'inherit' });
  child.once('error', (error) => {
    process.stderr.write(`effvit: ${command} could not be started: ${error.message}\n`);
    process.exitCode = error.code === 'ENOENT' ? 127 : 126;
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole group: the child has it already, and a second one means "at once" to many.
      if ((signal === 'SIGINT' || signal === 'SIGQUIT') && process.stdin.isTTY === true) return;
      child.kill(signal);
    });
  }
  child.once('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0);
  });
}

if (command === undefined) {
  process.stderr.write('usage: npm run ros -- COMMAND [ARGUMENT ...]\n');
  process.exitCode = 2;
} else {
  await reportSetupError(async () => run(environment()));
}
