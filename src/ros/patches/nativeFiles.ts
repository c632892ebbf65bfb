import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readText } from '../../core/readInput.js';

/** Inputs of rclnodejs's choice of a native file. */
export interface NativeHost {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** The text of /etc/os-release; empty if there is none: then there is no prebuilt file for this system. */
  readonly osRelease: string;
}

export function thisHost(env: NodeJS.ProcessEnv): NativeHost {
  const osRelease = readText('/etc/os-release') ?? '';
  return { env, platform: process.platform, arch: process.arch, osRelease };
}

/** If true, rclnodejs compiles itself at every import, even if a native file exists. */
export function isRebuildForced(env: NodeJS.ProcessEnv): boolean {
  return env['RCLNODEJS_FORCE_BUILD'] === '1';
}

/**
 * The files that rclnodejs 2 would load, in its order: the prebuilt file for exactly this distribution, then the first
 * file of a local build. If all of them fail or there is none, importing rclnodejs starts a rebuild.
 *
 * @param folder of the package rclnodejs.
 */
export function nativeFiles(folder: string, host: NativeHost): readonly string[] {
  const prebuilt = prebuiltFile(folder, host);
  // The package `bindings` tries only the first file that exists, whether it loads or not.
  const built = builtPlaces(host)
    .map((place) => join(folder, place, 'rclnodejs.node'))
    .find((path) => existsSync(path));
  return [prebuilt, built].filter((path) => path !== undefined);
}

/** Named as in lib/native_loader.js and lib/prebuilds.js of rclnodejs; undefined if it does not exist. */
function prebuiltFile(folder: string, { env, platform, arch, osRelease }: NativeHost): string | undefined {
  const distro = env['ROS_DISTRO'];
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(osRelease)?.[1]?.trim();
  if (platform !== 'linux' || !distro || !codename) return undefined;
  const runtime = env['npm_config_runtime'] === 'electron' ? 'electron' : 'node';
  const name = `${distro}-${codename}-${arch}-${runtime}-rclnodejs.node`;
  if (basename(name) !== name) return undefined;
  const path = join(folder, 'prebuilds', `${platform}-${arch}`, name);
  return existsSync(path) ? path : undefined;
}

/** The paths that the package `bindings` 1.5 searches, in its order. */
function builtPlaces({ env, platform, arch }: NativeHost): readonly string[] {
  const compiled = env['NODE_BINDINGS_COMPILED_DIR'] || 'compiled';
  return [
    'build',
    join('build', 'Debug'),
    join('build', 'Release'),
    join('out', 'Debug'),
    'Debug',
    join('out', 'Release'),
    'Release',
    join('build', 'default'),
    join(compiled, process.versions.node, platform, arch),
    join('addon-build', 'release', 'install-root'),
    join('addon-build', 'debug', 'install-root'),
    join('addon-build', 'default', 'install-root'),
    join('lib', 'binding', `node-v${process.versions.modules}-${platform}-${arch}`),
  ];
}
