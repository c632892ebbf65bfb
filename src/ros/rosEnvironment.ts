import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { EffvitError } from '../core/EffvitError.js';
import type { RclModule } from './rcl.js';

/** Message packages that the node cannot do without, and what brings them. */
const NEEDED_PACKAGES: Readonly<Record<string, string>> = {
  sensor_msgs: 'install the common interfaces of your ROS distribution',
  diagnostic_msgs: 'install the common interfaces of your ROS distribution',
  lifecycle_msgs: 'install lifecycle_msgs of your ROS distribution',
  rcl_interfaces: 'install rcl_interfaces of your ROS distribution',
  vision_msgs: 'install it with `apt install ros-$ROS_DISTRO-vision-msgs`, or run `npm run ros:setup`',
  effvit: 'build this package with colcon and source its install folder, or run `npm run ros:setup`',
};

/**
 * Why ROS cannot be used from this process, as one sentence with the remedy, or undefined where it can. Looks at
 * the environment and at files alone: importing rclnodejs without a working ROS would start a rebuild in
 * node_modules, which must never happen on a robot.
 */
export function rosProblem(
  env: NodeJS.ProcessEnv = process.env,
  // Node.js before 20.19, and 22 before 22.12, has no such entry.
  isEsmRequirable: boolean | undefined = process.features.require_module,
): string | undefined {
  const distro = env['ROS_DISTRO'];
  const prefixes = (env['AMENT_PREFIX_PATH'] ?? '').split(':').filter((prefix) => prefix !== '');
  if (distro === undefined || distro === '' || prefixes.length === 0) {
    return 'No ROS 2 is sourced in this shell: run `source /opt/ros/<distro>/setup.bash` first, or on a machine without one `npm run ros -- node bin/effvit.mjs node`.';
  }
  if (!isOnPath('ros2', env)) {
    return `ROS 2 ${distro} is sourced but there is no ros2 on PATH: source setup.bash anew.`;
  }
  if (isEsmRequirable !== true) {
    return `rclnodejs cannot be loaded by Node.js ${process.versions.node}: install Node.js 20.20.2 or later (of the 22s, 22.12 or later).`;
  }
  for (const [name, remedy] of Object.entries(NEEDED_PACKAGES)) {
    const isThere = prefixes.some((prefix) =>
      existsSync(join(prefix, 'share', 'ament_index', 'resource_index', 'packages', name)),
    );
    if (!isThere) return `The message package ${name} is not on AMENT_PREFIX_PATH: ${remedy}.`;
  }
  return nativeProblem(distro);
}

/** Why the native part of rclnodejs would not load. */
function nativeProblem(distro: string): string | undefined {
  const folder = rclnodejsFolder();
  if (folder === undefined) {
    return 'The package rclnodejs is not installed: run `npm ci` in the folder of effvit.';
  }
  const binaries = nativeCandidates(folder);
  if (binaries.length === 0) {
    return `The native part of rclnodejs is not built for ROS 2 ${distro} and Node.js ${process.versions.node}: run \`npm run ros:setup\` with ROS sourced.`;
  }
  if (!existsSync(join(folder, 'generated', 'effvit'))) {
    return 'The JavaScript messages of effvit are not generated: run `npm run ros:setup` with ROS sourced.';
  }
  let lastReason = '';
  for (const path of binaries) {
    try {
      process.dlopen({ exports: {} }, path);
      return undefined;
    } catch (error) {
      lastReason = (error as Error).message.split('\n')[0] ?? '';
    }
  }
  return `The native part of rclnodejs does not load (${lastReason}): run \`npm run ros:setup\` with ROS sourced and the Node.js ${process.versions.node} that you use.`;
}

function rclnodejsFolder(): string | undefined {
  try {
    // Resolving does not run it.
    let folder = dirname(createRequire(import.meta.url).resolve('rclnodejs'));
    // Folders inside have a package.json of their own; the build file lies at the top alone.
    while (!existsSync(join(folder, 'binding.gyp'))) {
      const parent = dirname(folder);
      if (parent === folder) return undefined;
      folder = parent;
    }
    return folder;
  } catch {
    return undefined;
  }
}

/** What was built here first, then what the package ships for this platform. */
function nativeCandidates(folder: string): string[] {
  const built = join(folder, 'build', 'Release', 'rclnodejs.node');
  const prebuilt = join(folder, 'prebuilds', `${process.platform}-${process.arch}`);
  const shipped = existsSync(prebuilt)
    ? readdirSync(prebuilt)
        .filter((name) => name.endsWith('.node'))
        .map((name) => join(prebuilt, name))
    : [];
  return [...(existsSync(built) ? [built] : []), ...shipped];
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

/**
 * rclnodejs, after the environment was found fit.
 *
 * @throws EffvitError ROS_UNAVAILABLE with what is missing and its remedy.
 */
export async function loadRcl(): Promise<RclModule> {
  const problem = rosProblem();
  if (problem !== undefined) throw new EffvitError('ROS_UNAVAILABLE', problem);
  const imported: { readonly default: unknown } = await import('rclnodejs');
  // The package's declarations describe the same object; see rcl.ts for why they are not used.
  const rcl = imported.default as RclModule;
  // Its own handler takes the node from under us at SIGINT, in the middle of a frame.
  rcl.removeSignalHandlers();
  return rcl;
}
