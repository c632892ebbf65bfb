// Used by CMakeLists.txt: puts the node as it is installed (compiled files, what it needs of node_modules, models)
// into a folder, from this clone or from what packNode.mjs has made. node scripts/ros/stage.mjs FOLDER [TARBALL]
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { findExecutable } from './findExecutable.mjs';
import { inputsHash } from './inputsHash.mjs';
import { packageRoot, rosLayout } from './layout.mjs';
import { isMain, reportSetupError } from './program.mjs';
import { SetupError } from './SetupError.mjs';
import { setUp } from './setup.mjs';

const STAMP = '.stage';

function run(command, args) {
  const done = spawnSync(command, args, { cwd: packageRoot, stdio: 'inherit' });
  if (done.status !== 0)
    throw new SetupError(`${command} ${args.join(' ')} failed in ${packageRoot}: see above.`);
}

function compile() {
  if (!existsSync(join(packageRoot, 'node_modules', 'rclnodejs'))) {
    if (findExecutable('npm') === undefined) {
      throw new SetupError(
        `${packageRoot} has no node_modules and npm was not found: install npm, or run npm ci there.`,
      );
    }
    run('npm', ['ci']);
  }
  if (existsSync(join(packageRoot, 'node_modules', 'typescript')))
    run(process.execPath, ['scripts/build.mjs']);
  else if (!existsSync(join(packageRoot, 'build', 'src'))) {
    throw new SetupError(
      `${packageRoot} is not compiled and has no compiler in node_modules: run npm ci (without --omit=dev) there.`,
    );
  }
}

/** The folder of a package as Node finds it from another: its own node_modules, then those above it. */
function resolveFolder(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (existsSync(join(path, 'package.json'))) return path;
    if (folder === packageRoot || folder === dirname(folder)) return undefined;
  }
}

/** Every package that the installed node may load: what package.json depends on, and what those depend on. */
export function productionFolders() {
  const found = new Set();
  const waiting = [packageRoot];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const optional = { ...manifest.optionalDependencies, ...manifest.peerDependencies };
    for (const name of Object.keys({ ...manifest.dependencies, ...optional })) {
      const path = resolveFolder(name, folder);
      if (path === undefined) {
        // An optional one is for another platform, or not wanted.
        if (name in optional) continue;
        throw new SetupError(
          `${name}, which ${folder} needs, is not installed: run npm ci in ${packageRoot}.`,
        );
      }
      if (found.has(path)) continue;
      found.add(path);
      waiting.push(path);
    }
  }
  return [...found];
}

/** ONNX Runtime brings its library for every platform: 250 MB that are of no use here. */
function isForThisPlatform(path) {
  const match = /onnxruntime-node\/bin\/napi-v\d+\/(\w+)(?:\/(\w+))?/.exec(path.split(sep).join('/'));
  if (match === null) return true;
  const [, platform, arch] = match;
  return platform === process.platform && (arch === undefined || arch === process.arch);
}

function copyPackages(target) {
  for (const source of productionFolders()) {
    cpSync(source, join(target, relative(packageRoot, source)), {
      recursive: true,
      // A package inside another is in the list itself, or for development.
      filter: (file) =>
        !file.slice(source.length).startsWith(`${sep}node_modules`) && isForThisPlatform(file),
    });
  }
}

/** Fills a folder beside the target, then puts it in the target's place. */
function replace(target, fill) {
  const fresh = `${target}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  fill(fresh);
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
}

/** All of the clone that the installed node needs. */
export function copyNode(fresh, { packages = copyPackages } = {}) {
  // The definitions of vision_msgs and ai_msgs are read where messages are written, whoever compiled the package.
  for (const name of [
    'package.json',
    'bin',
    'models',
    'msg',
    'srv',
    'ros/vision_msgs/msg',
    'ros/ai_msgs/msg',
  ]) {
    cpSync(join(packageRoot, name), join(fresh, name), { recursive: true });
  }
  cpSync(join(packageRoot, 'build', 'src'), join(fresh, 'build', 'src'), {
    recursive: true,
    filter: (file) => !/\.(d\.ts|map)$/.test(file),
  });
  packages(fresh);
}

/** The set-up's own scripts fit the rclnodejs of the tarball to this ROS: there may be no node_modules beside them here. */
async function stageTarball(target, tarball) {
  const key = `${rosLayout().linkKey} ${statSync(tarball).mtimeMs} ${tarball}`;
  const stamp = join(target, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  replace(target, (fresh) => {
    // As npm makes them, with everything in a folder `package`.
    run('tar', ['-xzf', tarball, '-C', fresh, '--strip-components=1', '--no-same-owner']);
    run(process.execPath, [join(fresh, 'scripts', 'ros', 'setup.mjs'), '--without-messages']);
  });
  writeFileSync(stamp, key);
}

async function main(target, tarball) {
  if (tarball !== undefined) {
    await stageTarball(target, resolve(tarball));
    return;
  }
  compile();
  await setUp({ compileMessages: false });
  const key = inputsHash({
    values: [
      rosLayout().linkKey,
      statSync(join(packageRoot, 'build', '.stamp'), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    ],
    paths: [
      'package.json',
      'package-lock.json',
      'bin',
      'models',
      'msg',
      'srv',
      'ros',
      'scripts/ros/stage.mjs',
    ].map((name) => join(packageRoot, name)),
  });
  const stamp = join(target, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  replace(target, (fresh) => copyNode(fresh));
  writeFileSync(stamp, key);
}

if (isMain(import.meta.url)) {
  const [target, tarball] = process.argv.slice(2);
  if (target === undefined) {
    process.stderr.write('usage: node scripts/ros/stage.mjs FOLDER [TARBALL]\n');
    process.exitCode = 2;
  } else {
    await reportSetupError(() => main(resolve(target), tarball));
  }
}
