import { existsSync } from 'node:fs';
import { join } from 'node:path';

const COMMON = 'install the common interfaces of your ROS distribution';
const SETUP = 'run `npm run ros:setup` with ROS sourced';

/** Required message packages, and what installs them. */
const NEEDED_PACKAGES: Readonly<Record<string, string>> = {
  builtin_interfaces: 'install the base of your ROS distribution (ros-$ROS_DISTRO-ros-base)',
  rosgraph_msgs: 'install the base of your ROS distribution (ros-$ROS_DISTRO-ros-base)',
  rcl_interfaces: 'install rcl_interfaces of your ROS distribution',
  lifecycle_msgs: 'install lifecycle_msgs of your ROS distribution',
  std_msgs: COMMON,
  std_srvs: COMMON,
  sensor_msgs: COMMON,
  diagnostic_msgs: COMMON,
  vision_msgs: 'install it with `apt install ros-$ROS_DISTRO-vision-msgs`, or run `npm run ros:setup`',
  effvit: 'build this package with colcon and source its install folder, or run `npm run ros:setup`',
};

const TROS = "source TROS's setup.bash (/opt/tros/$TROS_DISTRO/setup.bash), which brings it to RDK boards";
/** Optional packages: a missing one is reported only when it is needed. */
const OPTIONAL_PACKAGES: Readonly<Record<string, string>> = { hbm_img_msgs: TROS, ai_msgs: TROS };

/** Why the node's messages could not be used from this environment, as one sentence with the remedy. */
export function packagesProblem(env: NodeJS.ProcessEnv): string | undefined {
  const problems = Object.keys(NEEDED_PACKAGES).map((name) => packageProblem(name, env));
  return problems.find((problem) => problem !== undefined);
}

/** Like {@link packagesProblem}, for one message package. */
export function packageProblem(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const remedy = NEEDED_PACKAGES[name] ?? OPTIONAL_PACKAGES[name] ?? `install ros-$ROS_DISTRO-${name}`;
  const prefixes = folders(env['AMENT_PREFIX_PATH']);
  const mark = join('share', 'ament_index', 'resource_index', 'packages', name);
  if (!prefixes.some((prefix) => existsSync(join(prefix, mark)))) {
    return `The message package ${name} is not on AMENT_PREFIX_PATH: ${remedy}.`;
  }
  const libraries = [...folders(env['LD_LIBRARY_PATH']), ...prefixes.map((prefix) => join(prefix, 'lib'))];
  // rclnodejs loads it by this name when it creates the first endpoint with the package.
  const library = `lib${name}__rosidl_typesupport_c.so`;
  if (!libraries.some((folder) => existsSync(join(folder, library)))) {
    return `The message package ${name} is there without its C type support (${library} is in no lib folder of AMENT_PREFIX_PATH or LD_LIBRARY_PATH): ${remedy}.`;
  }
  return undefined;
}

/** Why rclnodejs, in this folder, would lack JavaScript classes of the node's messages, with the remedy. */
export function classesProblem(folder: string): string | undefined {
  const generated = join(folder, 'generated');
  // Without this file rclnodejs treats all classes as outdated and generates them again when the node starts.
  if (!existsSync(join(generated, 'generator.json'))) {
    return `The JavaScript classes of the ROS messages are not generated: ${SETUP}.`;
  }
  const missing = Object.keys(NEEDED_PACKAGES).find((name) => !existsSync(join(generated, name)));
  if (missing === undefined) return undefined;
  return `The JavaScript classes of the message package ${missing} are not generated: ${SETUP}.`;
}

function folders(list: string | undefined): readonly string[] {
  return (list ?? '').split(':').filter((folder) => folder !== '');
}
