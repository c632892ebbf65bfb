import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const INDEX = join('share', 'ament_index', 'resource_index', 'packages', 'effvit');

/** Where a clone's own prefix lies, with which `ros2 launch effvit ...` and `ros2 run effvit ...` start the clone. */
export function overlayFolder(root) {
  return join(root, 'build', 'ros');
}

const LINKS = Object.freeze([
  [join('share', 'effvit', 'package.xml'), 'package.xml'],
  [join('share', 'effvit', 'config'), 'config'],
  [join('share', 'effvit', 'models'), 'models'],
  [join('lib', 'effvit', 'classifier_node'), join('bin', 'classifier_node')],
  [join('lib', 'effvit', 'effvit'), join('bin', 'effvit.cjs')],
]);

/** Every link: [place in the overlay, place in the clone]. Launch files one by one: ros2 launch follows no folder links. */
function links(root) {
  const launch = readdirSync(join(root, 'launch')).filter((name) => name.endsWith('.py'));
  return [...LINKS, ...launch.map((name) => [join('share', 'effvit', 'launch', name), join('launch', name)])];
}

function isCurrentLink(path, target) {
  const info = lstatSync(path, { throwIfNoEntry: false });
  return info?.isSymbolicLink() === true && readlinkSync(path) === target;
}

/** True when the overlay names this clone (and not one that it was copied from). */
export function hasOverlay(root) {
  const overlay = overlayFolder(root);
  return (
    existsSync(join(overlay, INDEX)) &&
    links(root).every(([name, target]) => isCurrentLink(join(overlay, name), join(root, target)))
  );
}

/** Makes a prefix of links to the clone, as colcon's --symlink-install would; the messages lie in their own prefix. */
export function makeOverlay(root) {
  const overlay = overlayFolder(root);
  for (const [name, target] of links(root)) {
    const path = join(overlay, name);
    if (isCurrentLink(path, join(root, target))) continue;
    mkdirSync(dirname(path), { recursive: true });
    const fresh = `${path}.${process.pid}`;
    rmSync(fresh, { force: true });
    symlinkSync(join(root, target), fresh);
    renameSync(fresh, path);
  }
  mkdirSync(dirname(join(overlay, INDEX)), { recursive: true });
  writeFileSync(join(overlay, INDEX), '');
}
