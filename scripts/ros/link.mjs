import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const LINK_MARK = '.effvit-ros';
const ADDON = join('build', 'Release', 'rclnodejs.node');

/** True when the rclnodejs in node_modules holds what the layout names. */
export function isLinked(layout) {
  const { rclnodejs } = layout;
  if (rclnodejs === undefined) return false;
  const mark = join(rclnodejs, LINK_MARK);
  return (
    existsSync(mark) &&
    readFileSync(mark, 'utf8').trim() === layout.linkKey &&
    existsSync(join(rclnodejs, ADDON)) &&
    existsSync(join(rclnodejs, 'generated', 'generator.json'))
  );
}

/** Replaces a folder by a copy, so that whoever looks sees the old one, or none, or all of the new one. */
function replaceFolder(target, fill) {
  const suffix = randomBytes(4).toString('hex');
  const fresh = `${target}.new-${suffix}`;
  const old = `${target}.old-${suffix}`;
  fill(fresh);
  if (existsSync(target)) renameSync(target, old);
  renameSync(fresh, target);
  rmSync(old, { recursive: true, force: true });
}

/**
 * Copies the native part and the generated classes into node_modules/rclnodejs. Copies rather than links: the
 * generated files find the rest of rclnodejs by relative paths, and a clean step must not reach into the cache.
 */
export function linkRclnodejs(layout) {
  const { rclnodejs } = layout;
  rmSync(join(rclnodejs, LINK_MARK), { force: true });
  replaceFolder(join(rclnodejs, 'generated'), (fresh) =>
    cpSync(join(layout.javascript, 'generated'), fresh, { recursive: true }),
  );
  replaceFolder(join(rclnodejs, 'build'), (fresh) => {
    mkdirSync(join(fresh, 'Release'), { recursive: true });
    copyFileSync(join(layout.native, 'rclnodejs.node'), join(fresh, 'Release', 'rclnodejs.node'));
  });
  writeFileSync(join(rclnodejs, LINK_MARK), `${layout.linkKey}\n`);
}
