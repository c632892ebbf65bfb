import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { runCommand } from './runCommand.mjs';
import { SetupError } from './SetupError.mjs';

const LINK_MARK = '.effvit-ros';
const ADDON = join('build', 'Release', 'rclnodejs.node');

/** The file that rclnodejs 2 takes on Ubuntu before it looks for a build, or undefined where it has none that fits. */
export function prebuiltAddon(rclnodejs, distro) {
  let release = '';
  try {
    release = readFileSync('/etc/os-release', 'utf8');
  } catch {
    return undefined; // Not a Linux with os-release: no prebuilt file is for it.
  }
  const codename = /^(?:UBUNTU_CODENAME|VERSION_CODENAME)=(\w+)$/m.exec(release)?.[1];
  const file = join(
    rclnodejs,
    'prebuilds',
    `${process.platform}-${process.arch}`,
    `${distro}-${codename}-${process.arch}-node-rclnodejs.node`,
  );
  return existsSync(file) ? file : undefined;
}

/**
 * A copy of rclnodejs to build in, with its neighbours linked beside it: the one in node_modules may be in use, and its
 * clean step would delete a working build.
 */
function workshop(rclnodejs, folder) {
  rmSync(folder, { recursive: true, force: true });
  const modules = join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  const neighbours = dirname(rclnodejs);
  for (const name of readdirSync(neighbours)) {
    if (name !== basename(rclnodejs) && !name.startsWith('.'))
      symlinkSync(join(neighbours, name), join(modules, name));
  }
  const copy = join(modules, 'rclnodejs');
  cpSync(rclnodejs, copy, {
    recursive: true,
    filter: (path) => !['build', 'generated', 'prebuilds'].includes(path.slice(rclnodejs.length + 1)),
  });
  return copy;
}

/** Node's own headers where they are installed beside it, so that node-gyp need not download them. */
function headersFolder() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? prefix : undefined;
}

async function compile({ layout, env, log }) {
  const target = join(layout.native, 'rclnodejs.node');
  const prebuilt = layout.kind === 'sourced' ? prebuiltAddon(layout.rclnodejs, layout.distro) : undefined;
  if (prebuilt !== undefined) {
    copyFileSync(prebuilt, target);
    return;
  }
  const work = join(layout.native, 'work');
  const copy = workshop(layout.rclnodejs, work);
  const headers = headersFolder();
  await runCommand(
    process.execPath,
    [
      join(dirname(layout.rclnodejs), 'node-gyp', 'bin', 'node-gyp.js'),
      'rebuild',
      '--jobs',
      String(availableParallelism()),
      ...(headers === undefined ? [] : ['--nodedir', headers]),
    ],
    { cwd: copy, env, log, failure: 'The native part of rclnodejs could not be compiled' },
  );
  renameSync(join(copy, ADDON), target);
  rmSync(work, { recursive: true, force: true });
}

async function generate({ layout, env, log }) {
  const work = join(layout.javascript, 'work');
  const copy = workshop(layout.rclnodejs, work);
  const out = await runCommand(process.execPath, [join(copy, 'scripts', 'generate_messages.cjs')], {
    cwd: copy,
    env,
    log,
    failure: 'The JavaScript classes of the messages could not be generated',
  });
  // The generator reports its errors and exits with 0.
  if (!out.includes('Generation complete.') || !existsSync(join(copy, 'generated', 'std_msgs'))) {
    throw new SetupError('The JavaScript classes of the messages could not be generated: see the log.', {
      log,
    });
  }
  rmSync(join(layout.javascript, 'generated'), { recursive: true, force: true });
  renameSync(join(copy, 'generated'), join(layout.javascript, 'generated'));
  rmSync(work, { recursive: true, force: true });
}

/** True when the rclnodejs in node_modules holds what the layout names. */
export function isLinked(layout) {
  const { rclnodejs } = layout;
  if (rclnodejs === undefined) return false;
  const mark = join(rclnodejs, LINK_MARK);
  return (
    existsSync(mark) &&
    readFileSync(mark, 'utf8').trim() === layout.linkKey &&
    existsSync(join(rclnodejs, ADDON)) &&
    existsSync(join(rclnodejs, 'generated', 'generator.json'))
  );
}

/** Replaces a folder by a copy, so that whoever looks sees the old one, or none, or all of the new one. */
function replaceFolder(target, fill) {
  const suffix = randomBytes(4).toString('hex');
  const fresh = `${target}.new-${suffix}`;
  const old = `${target}.old-${suffix}`;
  fill(fresh);
  if (existsSync(target)) renameSync(target, old);
  renameSync(fresh, target);
  rmSync(old, { recursive: true, force: true });
}

/**
 * Copies the native part and the generated classes into node_modules/rclnodejs. Copies rather than links: the
 * generated files find the rest of rclnodejs by relative paths, and a clean step must not reach into the cache.
 */
export function linkRclnodejs(layout) {
  const { rclnodejs } = layout;
  rmSync(join(rclnodejs, LINK_MARK), { force: true });
  replaceFolder(join(rclnodejs, 'generated'), (fresh) =>
    cpSync(join(layout.javascript, 'generated'), fresh, { recursive: true }),
  );
  replaceFolder(join(rclnodejs, 'build'), (fresh) => {
    mkdirSync(join(fresh, 'Release'), { recursive: true });
    copyFileSync(join(layout.native, 'rclnodejs.node'), join(fresh, 'Release', 'rclnodejs.node'));
  });
  writeFileSync(join(rclnodejs, LINK_MARK), `${layout.linkKey}\n`);
}

/** Compiles rclnodejs and generates its message classes, in the cache. */
export async function makeRclnodejs(steps, context) {
  const { layout } = context;
  await steps.run(layout.native, 'compile', "rclnodejs's native part", () => compile(context));
  await steps.run(layout.javascript, 'generate', 'JavaScript classes of the messages', () =>
    generate(context),
  );
}
