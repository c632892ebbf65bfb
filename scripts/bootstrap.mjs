// Prepares a fresh clone for every command: checks Node, installs the packages of the lock file, builds.
import '../bin/checkNode.cjs';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Prints one line of progress with the seconds since the process began. */
export function say(text) {
  console.log(`[${process.uptime().toFixed(1).padStart(5)} s] ${text}`);
}

function fail(text) {
  console.error(text);
  process.exit(1);
}

/** Runs a command with its output shown; ends this process with the command's code when it fails. */
export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (done.error !== undefined) fail(`Cannot run ${command}: ${done.error.message}`);
  if (done.status !== 0) process.exit(done.status ?? 1);
}

/** Installs the packages of the lock file, unless they are installed. */
export function install() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).update(process.version).digest('hex');
  const stamp = join(root, 'node_modules', '.effvit-installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('Installing the npm packages of package-lock.json (about a minute the first time) ...');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const done = spawnSync(command, [...before, ...args], { cwd: root, stdio: 'inherit' });
  if (done.error !== undefined) fail(`Cannot run npm: ${done.error.message}`);
  if (done.status !== 0)
    fail('npm ci did not install the packages, for the reason above; it needs the npm registry once.');
  writeFileSync(stamp, wanted);
}

/** Installs and builds; prints what it does, and takes under a second if nothing changed. */
export function bootstrap() {
  install();
  say('Building what changed ...');
  run(process.execPath, [join(root, 'scripts', 'build.mjs')]);
}
