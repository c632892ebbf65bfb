import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { findExecutable } from './findExecutable.mjs';
import { SetupError } from './SetupError.mjs';

/** The distributions that rclnodejs 2.2 runs on and that this package is written for. */
export const DISTROS = Object.freeze(['humble', 'jazzy', 'kilted', 'lyrical']);

/** The distributions whose wheels PyPI has, the default first. */
const PRIVATE_DISTROS = Object.freeze(['jazzy', 'kilted']);

/** The distribution of the private ROS: `$EFFVIT_ROS_DISTRO`, else Jazzy. */
export function privateDistro(env = process.env) {
  const [first] = PRIVATE_DISTROS;
  const wanted = env.EFFVIT_ROS_DISTRO || first;
  if (!PRIVATE_DISTROS.includes(wanted)) {
    throw new SetupError(
      `EFFVIT_ROS_DISTRO is ${wanted}, but PyPI has ROS 2 ${PRIVATE_DISTROS.join(' and ')} only: choose one of those, or source an installed ROS 2.`,
    );
  }
  return wanted;
}

/** The ament prefixes of an environment that exist, in its order. */
export function prefixesOf(env) {
  return (env.AMENT_PREFIX_PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && existsSync(folder));
}

/** The first prefix that holds a package, or undefined. */
export function prefixWith(packageName, prefixes) {
  return prefixes.find((prefix) => existsSync(join(prefix, 'share', packageName, 'package.xml')));
}

/**
 * The ROS 2 that the user has sourced, or undefined where there is none. Our own private prefix (it names itself in
 * EFFVIT_ROS_PREFIX) does not count. A sourced ROS that this package cannot run on is an error, not a silent download.
 */
export function sourcedRos(env = process.env) {
  const distro = env.ROS_DISTRO;
  if (distro === undefined || distro === '' || (env.EFFVIT_ROS_PREFIX ?? '') !== '') return undefined;
  const prefixes = prefixesOf(env);
  const ros2 = findExecutable('ros2', env);
  if (prefixes.length === 0 || ros2 === undefined) return undefined;
  if (env.ROS_VERSION === '1') {
    throw new SetupError(
      `ROS 1 ${distro} is sourced, and effvit is a ROS 2 node: source a ROS 2 in a new shell.`,
    );
  }
  if (!DISTROS.includes(distro)) {
    throw new SetupError(
      `ROS 2 ${distro} is sourced, but effvit runs on ${DISTROS.join(', ')}: source one of those, or none for the private ROS 2.`,
    );
  }
  return { distro, root: dirname(dirname(ros2)), prefixes };
}
