// npm run fleet:check: makes a Python with Ray in the user's cache (640 MB from PyPI), and runs the tests of examples/fleet
// on a local cluster of two nodes, one of which is killed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootstrap, root, run, say } from '../bootstrap.mjs';
import { cacheFolder } from '../ros/cacheFolder.mjs';

const requirements = join(dirname(fileURLToPath(import.meta.url)), 'requirements.txt');
const folder = join(cacheFolder(), 'fleet');
const python = join(folder, 'bin', 'python');

bootstrap();
const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
const stamp = join(folder, '.installed');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  say(`Installing Ray into ${folder} (640 MB) ...`);
  rmSync(folder, { recursive: true, force: true });
  run(process.env.EFFVIT_PYTHON ?? 'python3', ['-m', 'venv', folder]);
  run(python, ['-m', 'pip', 'install', '--quiet', '--no-input', '--requirement', requirements]);
  writeFileSync(stamp, wanted);
}
say('200 bags on a Ray cluster of two nodes ...');
const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
const test = join('build', 'test', 'integration', 'fleet', 'ray.test.js');
const done = spawnSync(
  process.execPath,
  [mocha, '--no-config', '--enable-source-maps', '--reporter', 'spec', test, ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit', env: { ...process.env, EFFVIT_RAY_PYTHON: python } },
);
process.exitCode = done.status ?? 1;
