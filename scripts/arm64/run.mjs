// npm run arm64 [-- COMMAND ...]: this clone on an emulated arm64 Debian, as an RDK board has it but for ROS and BPU.
// Without a command: npm start, classify, doctor, bench, what a Humble board would load, and the unit tests, with what
// passed of each. Slow: an inference takes 10 to 30 seconds. Needs Debian, and root (debootstrap, chroot, binfmt_misc).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { bootstrap, root as clone, run } from '../bootstrap.mjs';
import { isMain, reportSetupError } from '../ros/program.mjs';
import { SetupError } from '../ros/SetupError.mjs';
import { Steps } from '../ros/Steps.mjs';
import { arm64Layout, makeRoot } from './makeRoot.mjs';

const MOCHA = [
  'node',
  'node_modules/mocha/bin/mocha.js',
  '--no-config',
  '--enable-source-maps',
  '--reporter',
  'dot',
];
// Twenty times what the tests have elsewhere.
const SLOW = ['--timeout', '1200000'];

const PATIENT = ['--inference-timeout-ms', '600000'];

const CHECKS = [
  ['npm start', 'npm', 'start', '--', '--quiet', ...PATIENT],
  [
    'classify',
    'node',
    'bin/effvit.cjs',
    'classify',
    'docs/images/scene.jpg',
    '--model',
    'efficientvit_m5_signs',
    ...PATIENT,
  ],
  ['doctor', 'node', 'bin/effvit.cjs', 'doctor'],
  [
    'bench',
    ...['node', 'bin/effvit.cjs', 'bench', '--backend', 'onnx', '--model', 'efficientvit_m5_signs'],
    ...['--threads', '1', '--frame-count', '3', '--repetitions', '1', '--warm-up', '1', ...PATIENT],
  ],
  ['native parts for Humble', 'node', 'scripts/arm64/humbleNative.mjs'],
  ['unit tests of the BPU', ...MOCHA, ...SLOW, 'build/test/unit/inference/bpu/*.test.js'],
  ['unit tests of images', ...MOCHA, ...SLOW, 'build/test/unit/image/**/*.test.js'],
  [
    'unit tests of the rest',
    ...MOCHA,
    ...SLOW,
    ...['core', 'stats', 'model', 'bag', 'classify'].map((name) => `build/test/unit/${name}/**/*.test.js`),
  ],
];

/** A copy of the clone as it is, with the packages of the lock file for arm64. */
function copyClone(root) {
  const target = join(root, 'effvit');
  // What an earlier copy had and this clone has not is gone, but for the packages.
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(target).filter((one) => one !== 'node_modules'))
    rmSync(join(target, name), { recursive: true, force: true });
  const listed = spawnSync('git', ['ls-files', '-z'], { cwd: clone, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (listed.status !== 0) throw new SetupError(`${clone} is no clone of git, whose files could be listed.`);
  for (const name of listed.stdout
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(clone, file)))) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    cpSync(join(clone, name), join(target, name), { preserveTimestamps: true });
  }
  cpSync(join(clone, 'build'), join(target, 'build'), {
    recursive: true,
    preserveTimestamps: true,
    // The stand-in of libdnn is compiled there; a prefix of links to this clone is of no use there.
    filter: (path) => !/\/build\/(ros|pack|test\/libdnn)(\/|$)/.test(path.slice(clone.length)),
  });
  // It is up to date: compiling TypeScript again there would take a quarter of an hour.
  utimesSync(join(target, 'build', '.stamp'), new Date(), new Date());
  const lock = readFileSync(join(clone, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).update(process.version).digest('hex');
  const stamp = join(target, 'node_modules', '.effvit-installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const platform = ['--os=linux', '--cpu=arm64', '--libc=glibc'];
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...platform], { cwd: target });
  writeFileSync(stamp, wanted);
}

/** Runs a command in the root, in the copy, with /proc, /dev and /sys of its own mount namespace. */
function emulate(root, command) {
  const script =
    'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount --rbind /sys "$1/sys" && root=$1 && shift && exec chroot "$root" /bin/sh -c \'cd /effvit && exec "$@"\' sh "$@"';
  const env = {
    HOME: '/root',
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    LANG: 'C.UTF-8',
    // As the X5 has them.
    QEMU_CPU: 'cortex-a55',
    EFFVIT_WITHOUT_ROS: '1',
  };
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', root, ...command];
  const startedMs = performance.now();
  const { status } = spawnSync('unshare', args, { env, stdio: 'inherit' });
  return { status: status ?? 1, seconds: (performance.now() - startedMs) / 1000 };
}

async function main() {
  if (process.getuid?.() !== 0 || process.platform !== 'linux')
    throw new SetupError('An emulated system needs root on a Linux: run this as root, in a container say.');
  bootstrap();
  const layout = arm64Layout();
  mkdirSync(layout.folder, { recursive: true });
  const steps = new Steps(3);
  await makeRoot(steps, { ...layout, env: process.env });
  copyClone(layout.root);
  const command = process.argv.slice(2);
  if (command.length > 0) {
    process.exitCode = emulate(layout.root, command).status;
    return;
  }
  const lines = [];
  for (const [name, ...words] of CHECKS) {
    console.log(`\n=== ${name}: ${words.join(' ')}`);
    const { status, seconds } = emulate(layout.root, words);
    lines.push(`${status === 0 ? 'passed' : `FAILED (${status})`}  ${name}, ${seconds.toFixed(0)} s`);
    if (status !== 0) process.exitCode = 1;
  }
  console.log(`\n${new Date().toISOString().slice(0, 10)}, emulated arm64 (cortex-a55)\n${lines.join('\n')}`);
}

if (isMain(import.meta.url)) await reportSetupError(main);
