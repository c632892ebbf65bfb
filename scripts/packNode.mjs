// npm run pack:node [-- --arch arm64]: packs the node with its production dependencies into one npm tarball, for a build
// farm or a board without network. colcon build uses it if it lies beside CMakeLists.txt; `npm install -g FILE` works too.
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bootstrap, root, run, say } from './bootstrap.mjs';
import { copyNode } from './ros/stage.mjs';

const { values } = parseArgs({ options: { arch: { type: 'string', default: process.arch } } });
const { arch } = values;
if (!['x64', 'arm64'].includes(arch)) {
  console.error(`effvit: --arch is ${arch}, but there are builds for x64 and arm64 only.`);
  process.exit(2);
}

/** Removes the files for other platforms from packages that contain all of them. */
function removeOthers(folder) {
  const runtimes = join(folder, 'node_modules', 'onnxruntime-node', 'bin', 'napi-v6');
  for (const platform of readdirSync(runtimes)) {
    if (platform !== 'linux') rmSync(join(runtimes, platform), { recursive: true });
  }
  for (const other of readdirSync(join(runtimes, 'linux'))) {
    if (other !== arch) rmSync(join(runtimes, 'linux', other), { recursive: true });
  }
  const decoders = join(folder, 'node_modules', '@julusian', 'jpeg-turbo', 'prebuilds');
  for (const platform of readdirSync(decoders)) {
    if (platform !== `jpeg-turbo-linux-${arch}`) rmSync(join(decoders, platform), { recursive: true });
  }
  const prebuilds = join(folder, 'node_modules', 'rclnodejs', 'prebuilds');
  for (const platform of readdirSync(prebuilds)) {
    const path = join(prebuilds, platform);
    if (platform !== `linux-${arch}`) rmSync(path, { recursive: true });
    else for (const file of readdirSync(path)) if (file.includes('electron')) rmSync(join(path, file));
  }
}

function install(folder) {
  for (const name of ['package-lock.json', '.npmrc']) cpSync(join(root, name), join(folder, name));
  const platform = ['--os=linux', `--cpu=${arch}`, '--libc=glibc'];
  run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error', ...platform], {
    cwd: folder,
  });
  removeOthers(folder);
}

bootstrap();
const folder = join(root, 'build', 'pack', arch);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
say(`Installing the production dependencies for linux-${arch} ...`);
copyNode(folder, { packages: install });
// Needed by the set-up, which builds rclnodejs for the ROS of the target machine.
for (const name of ['CMakeLists.txt', 'package.xml', 'LICENSE', 'launch', 'config', 'scripts', 'ros'])
  cpSync(join(root, name), join(folder, name), { recursive: true });
const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const bundled = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
const { devDependencies, ...kept } = manifest;
writeFileSync(
  join(folder, 'package.json'),
  `${JSON.stringify({ ...kept, bundleDependencies: bundled }, null, 2)}\n`,
);
say('Packing ...');
run('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder], { cwd: folder });
const target = join(root, `effvit-node-linux-${arch}.tgz`);
renameSync(join(folder, `${manifest.name}-${manifest.version}.tgz`), target);
rmSync(folder, { recursive: true, force: true });
say(`${target} (${(statSync(target).size / 2 ** 20).toFixed(0)} MiB)`);
