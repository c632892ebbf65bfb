import { copyFileSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from './runCommand.mjs';
import { workshop } from './workshop.mjs';

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
  renameSync(join(copy, 'build', 'Release', 'rclnodejs.node'), target);
  rmSync(work, { recursive: true, force: true });
}

/** Compiles rclnodejs's native part, in the cache; a quarter of a minute to two minutes. */
export async function makeNative(steps, context) {
  const { native } = context.layout;
  await steps.run(native, 'compile', "rclnodejs's native part", () => compile(context));
}
