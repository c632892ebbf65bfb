import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requirements } from './base.mjs';
import { cacheFolder } from './cacheFolder.mjs';
import { inputsHash } from './inputsHash.mjs';
import { prefixWith, privateDistro, sourcedRos } from './sourcedRos.mjs';

const scripts = dirname(fileURLToPath(import.meta.url));

/** The package that these scripts belong to. */
export const packageRoot = dirname(dirname(scripts));

/**
 * The interface packages that the node needs beside the distribution's own, and those of TROS, which it can do without:
 * a board has them, and elsewhere they are built for the private ROS alone.
 */
const INTERFACE_PACKAGES = Object.freeze([
  { name: 'vision_msgs', source: join('ros', 'vision_msgs') },
  { name: 'hbm_img_msgs', source: join('ros', 'hbm_img_msgs'), isOptional: true },
  { name: 'ai_msgs', source: join('ros', 'ai_msgs'), isOptional: true },
  { name: 'effvit', source: '.' },
]);

const script = (name) => join(scripts, name);

/** The definitions of an interface package, relative to its folder: `msg/Name.msg`, `srv/Name.srv`. */
export function interfaceFiles(source) {
  return ['msg', 'srv'].flatMap((kind) =>
    existsSync(join(source, kind))
      ? readdirSync(join(source, kind))
          .filter((file) => file.endsWith(`.${kind}`))
          .sort()
          .map((file) => `${kind}/${file}`)
      : [],
  );
}

function hasSameMessages(prefix, name, source) {
  const installed = join(prefix, 'share', name);
  return interfaceFiles(source).every(
    (file) =>
      existsSync(join(installed, file)) &&
      readFileSync(join(installed, file), 'utf8') === readFileSync(join(source, file), 'utf8'),
  );
}

/** Which of our interface packages are to be built: all on the private ROS; on a sourced one, those it lacks. */
function packagesToBuild(sourced, root) {
  const wanted = INTERFACE_PACKAGES.filter(({ isOptional }) => sourced === undefined || isOptional !== true);
  return wanted
    .map(({ name, source }) => ({ name, source: join(root, source) }))
    .filter(({ name, source }) => {
      const prefix = sourced && prefixWith(name, sourced.prefixes);
      if (prefix === undefined) return true;
      // The distribution's vision_msgs is right by definition; an effvit workspace may be older than this source.
      return name === 'effvit' && !hasSameMessages(prefix, name, source);
    });
}

/** The folder of the rclnodejs that Node would load for this package, or undefined where it is not installed. */
export function rclnodejsFolder(root = packageRoot) {
  try {
    const require = createRequire(join(root, 'package.json'));
    return dirname(realpathSync(require.resolve('rclnodejs/package.json')));
  } catch {
    return undefined;
  }
}

function interfaceListing(prefixes) {
  return prefixes.map((prefix) => {
    const index = join(prefix, 'share', 'ament_index', 'resource_index', 'rosidl_interfaces');
    return [prefix, existsSync(index) ? readdirSync(index).sort() : []];
  });
}

/**
 * Where everything lies, or will lie, for this package, environment and machine. Nothing is created here.
 *
 * Each folder's name holds the hash of what it is made from, and depends on the folder before it:
 * base (the ROS itself; only where none is sourced) <- messages (our interfaces, compiled), native (rclnodejs,
 * compiled) and javascript (rclnodejs's classes of all messages).
 */
export function rosLayout({ env = process.env, root = packageRoot } = {}) {
  const sourced = sourcedRos(env);
  const distro = sourced?.distro ?? privateDistro(env);
  const cache = join(cacheFolder(env), 'ros');
  const machine = [process.platform, process.arch];
  const rclnodejs = rclnodejsFolder(root);
  const rclnodejsVersion =
    rclnodejs === undefined
      ? 'none'
      : JSON.parse(readFileSync(join(rclnodejs, 'package.json'), 'utf8')).version;

  const baseKey =
    sourced === undefined
      ? inputsHash({
          values: [...machine, distro],
          paths: [...['base.mjs', 'ros2.py'].map(script), ...requirements(distro)],
        })
      : inputsHash({
          values: [...machine, distro, sourced.root],
          paths: [join(sourced.root, 'share', 'rcl', 'package.xml')].filter(existsSync),
        });
  const base = sourced === undefined ? join(cache, `base-${baseKey}`) : undefined;

  const interfaces = packagesToBuild(sourced, root);
  const messagesKey = inputsHash({
    values: [baseKey],
    paths: [script('messages.mjs')],
    packages: interfaces.flatMap(({ name, source }) =>
      ['package.xml', 'CMakeLists.txt', ...interfaceFiles(source)].map((part) => [
        `${name}/${part}`,
        join(source, part),
      ]),
    ),
  });
  const nativeKey = inputsHash({
    values: [baseKey, rclnodejsVersion, process.versions.node.split('.')[0]],
    paths: [script('native.mjs')],
  });
  const javascriptKey = inputsHash({
    values: [baseKey, rclnodejsVersion, sourced === undefined ? [] : interfaceListing(sourced.prefixes)],
    // Each package's files by its name, or those of two packages would be the same.
    paths: [script('javascript.mjs')],
    packages: interfaces.flatMap(({ name, source }) =>
      interfaceFiles(source).map((part) => [`${name}/${part}`, join(source, part)]),
    ),
  });

  return {
    root,
    kind: sourced === undefined ? 'private' : 'sourced',
    distro,
    sourced,
    cache,
    base,
    interfaces,
    messages: interfaces.length === 0 ? undefined : join(cache, `messages-${messagesKey}`),
    native: join(cache, `native-${nativeKey}`),
    javascript: join(cache, `javascript-${javascriptKey}`),
    rclnodejs,
    /** What the link in node_modules must name to be current. */
    linkKey: `${nativeKey}-${javascriptKey}`,
  };
}
