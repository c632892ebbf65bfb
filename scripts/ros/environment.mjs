import { existsSync, readdirSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { BASE_STEPS, pythonLibFolder } from './base.mjs';
import { packageRoot, rosLayout } from './layout.mjs';
import { isLinked } from './link.mjs';
import { messagesPythonPath } from './messages.mjs';
import { hasOverlay, overlayFolder } from './overlay.mjs';
import { isDone } from './Steps.mjs';

/** New entries before the old, each once, in order. */
function pathList(...entries) {
  const all = entries.flatMap((entry) => (entry ?? '').split(delimiter)).filter((entry) => entry !== '');
  return [...new Set(all)].join(delimiter);
}

/** What a variable holds already, where we are inside the private ROS; elsewhere it is of some other, half-sourced ROS. */
function inside(env, name) {
  return (env.EFFVIT_ROS_PREFIX ?? '') === '' ? undefined : env[name];
}

/** The clone's own prefix, where there is one: `ros2 launch effvit ...` starts the clone. */
function overlayOf(layout) {
  return hasOverlay(layout.root) ? overlayFolder(layout.root) : undefined;
}

/** The environment variables of the private ROS, on top of `env`. */
function privateVariables(layout, env) {
  const { base, messages } = layout;
  const pythonLib = pythonLibFolder(base);
  const site = pythonLib === undefined ? undefined : join(pythonLib, 'site-packages');
  const bundled =
    site === undefined || !existsSync(site)
      ? []
      : readdirSync(site)
          .filter((name) => /^ros_.*\.libs$/.test(name))
          .map((name) => join(site, name));
  return {
    EFFVIT_ROS_PREFIX: base,
    ROS_DISTRO: layout.distro,
    ROS_VERSION: '2',
    ROS_PYTHON_VERSION: '3',
    RMW_IMPLEMENTATION: env.RMW_IMPLEMENTATION || 'rmw_fastrtps_cpp',
    // A workspace sourced inside (npm run ros -- bash) stands before the prefix it was built on.
    AMENT_PREFIX_PATH: pathList(inside(env, 'AMENT_PREFIX_PATH'), overlayOf(layout), messages, base),
    CMAKE_PREFIX_PATH: pathList(inside(env, 'CMAKE_PREFIX_PATH'), messages, base),
    LD_LIBRARY_PATH: pathList(
      inside(env, 'LD_LIBRARY_PATH'),
      join(messages, 'lib'),
      join(base, 'lib'),
      ...bundled,
      env.LD_LIBRARY_PATH,
    ),
    PATH: pathList(join(base, 'bin'), env.PATH),
    PYTHONPATH: pathList(messagesPythonPath(messages, pythonLib && basename(pythonLib)), env.PYTHONPATH),
    // The wheels start Python a second time to set LD_LIBRARY_PATH; it is set already.
    _ROS_WHEELS_BOOTSTRAP_COMPLETE: '1',
  };
}

/** A sourced ROS, with the prefix of our messages before it where it needed one. */
function sourcedVariables(layout, env) {
  const { messages } = layout;
  if (messages === undefined) return {};
  const lib = join(messages, 'lib');
  const pythonLib = pythonLibFolder(messages);
  const python = existsSync(lib) ? messagesPythonPath(messages, pythonLib && basename(pythonLib)) : undefined;
  return {
    AMENT_PREFIX_PATH: pathList(overlayOf(layout), messages, env.AMENT_PREFIX_PATH),
    CMAKE_PREFIX_PATH: pathList(messages, env.CMAKE_PREFIX_PATH),
    LD_LIBRARY_PATH: pathList(lib, env.LD_LIBRARY_PATH),
    PYTHONPATH: pathList(python, env.PYTHONPATH),
  };
}

/** The whole environment for a child process in a layout's ROS. */
export function variablesOf(layout, env = process.env) {
  const variables = layout.kind === 'private' ? privateVariables(layout, env) : sourcedVariables(layout, env);
  const filled = Object.entries(variables).filter(([, value]) => value !== '');
  return { ...env, ...Object.fromEntries(filled) };
}

/**
 * What of a layout is missing, as a sentence's part; undefined when everything is there. A colcon build compiles the
 * messages itself: `compileMessages` false leaves them, and the overlay that needs them, out.
 */
export function missingOf(layout, { compileMessages = true } = {}) {
  if (layout.rclnodejs === undefined) return 'rclnodejs is not installed';
  if (layout.base !== undefined) {
    if (!isDone(layout.base, BASE_STEPS)) return 'the private ROS 2 is not made';
    if (!existsSync(join(layout.base, 'bin', 'python3'))) return 'the Python of the private ROS 2 is gone';
  }
  const names = layout.interfaces.map(({ name }) => name);
  if (compileMessages && layout.messages !== undefined && !isDone(layout.messages, names))
    return 'the messages are not built';
  if (!isDone(layout.native, ['compile'])) return 'the native part of rclnodejs is not built';
  if (!isDone(layout.javascript, ['generate'])) return 'the JavaScript messages are not generated';
  if (!isLinked(layout)) return 'rclnodejs in node_modules lacks its native part or its messages';
  if (compileMessages && layout.messages !== undefined && !hasOverlay(layout.root))
    return 'the links to it are missing';
  return undefined;
}

/**
 * The ROS 2 that this package would use now.
 *
 * `kind` is 'sourced' (the user's) or 'private' (ours); `env` is the environment for child processes; `missing` says
 * what the set-up (`npm run ros:setup`) has still to do, undefined when nothing.
 */
export function rosEnvironment({ env = process.env, root = packageRoot } = {}) {
  const layout = rosLayout({ env, root });
  return {
    kind: layout.kind,
    distro: layout.distro,
    prefix: layout.base ?? layout.sourced?.root,
    env: variablesOf(layout, env),
    missing: missingOf(layout),
  };
}

/** True when a ROS node of this package can be started. */
export function isReady(options = {}) {
  return rosEnvironment(options).missing === undefined;
}
