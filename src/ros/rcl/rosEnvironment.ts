import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { EffvitError } from '../../core/EffvitError.js';
import { loadNative } from '../../core/loadNative.js';
import { isRebuildForced, type NativeHost, nativeFiles, thisHost } from '../patches/nativeFiles.js';
import { classesProblem, packagesProblem } from './messagesProblem.js';
import type { RclModule } from './rcl.js';

/**
 * Why ROS cannot be used from this process, as one sentence with the remedy; undefined if it can. Checks only the
 * environment and files: importing rclnodejs without a working ROS would start a rebuild in node_modules, which must
 * never happen on a robot.
 */
export function rosProblem(
  env: NodeJS.ProcessEnv = process.env,
  // Node.js before 20.19, and 22 before 22.12, does not have this property.
  isEsmRequirable: boolean | undefined = process.features.require_module,
): string | undefined {
  const distro = env['ROS_DISTRO'];
  if (!distro || !env['AMENT_PREFIX_PATH']) {
    return `No ROS 2 is sourced in this shell: run \`source /opt/ros/<distro>/setup.bash\` first, or on a machine without one, in the folder of effvit, \`npm run ros:setup\` and then \`npm run ros -- npx effvit ${commandName()}\`.`;
  }
  if (!isOnPath('ros2', env)) {
    return `ROS 2 ${distro} is sourced but there is no ros2 on PATH: source setup.bash anew.`;
  }
  if (isEsmRequirable !== true) {
    return `rclnodejs cannot be loaded by Node.js ${process.versions.node}: install the newest Node.js 20 or 22.`;
  }
  const problem = packagesProblem(env);
  if (problem !== undefined) return problem;
  const folder = rclnodejsFolder();
  if (folder === undefined) {
    return 'The package rclnodejs is not installed: run `npm ci` in the folder of effvit.';
  }
  return nativeProblem(folder, thisHost(env)) ?? classesProblem(folder);
}

/** The command that was called, for use in remedies; `node` for other programs. */
function commandName(): string {
  const [, program = '', command = ''] = process.argv;
  return /effvit|main\.js$/.test(program) && /^[a-z]+$/.test(command) ? command : 'node';
}

/** Why rclnodejs in this folder would rebuild its native part. @param load as Node.js loads a file; for tests. */
export function nativeProblem(
  folder: string,
  host: NativeHost,
  load: (path: string) => void = (path) => process.dlopen({ exports: {} }, path),
): string | undefined {
  if (isRebuildForced(host.env)) {
    return 'RCLNODEJS_FORCE_BUILD=1 makes rclnodejs compile itself at each start: run `unset RCLNODEJS_FORCE_BUILD`.';
  }
  let lastReason: string | undefined;
  for (const path of nativeFiles(folder, host)) {
    try {
      load(path);
      return undefined;
    } catch (error) {
      lastReason = (error as Error).message.split('\n')[0] ?? '';
    }
  }
  return lastReason === undefined
    ? `The native part of rclnodejs is not built for ROS 2 ${host.env['ROS_DISTRO']} and Node.js ${process.versions.node}: run \`npm run ros:setup\` with ROS sourced.`
    : `The native part of rclnodejs does not load (${lastReason}): run \`npm run ros:setup\` with ROS sourced and the Node.js ${process.versions.node} that you use.`;
}

function rclnodejsFolder(): string | undefined {
  try {
    // Resolving does not run it.
    return dirname(createRequire(import.meta.url).resolve('rclnodejs/package.json'));
  } catch {
    return undefined;
  }
}

function isOnPath(name: string, env: NodeJS.ProcessEnv): boolean {
  return (env['PATH'] ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Loads rclnodejs. @throws EffvitError ROS_UNAVAILABLE with what is missing and its remedy. */
export async function loadRcl(): Promise<RclModule> {
  const problem = rosProblem();
  if (problem !== undefined) throw new EffvitError('ROS_UNAVAILABLE', problem);
  const rcl = loadNative<RclModule>('rclnodejs');
  // rclnodejs's handler would destroy the node at SIGINT in the middle of a frame.
  rcl.removeSignalHandlers();
  return rcl;
}
