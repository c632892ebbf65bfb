import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * A copy of rclnodejs to build in, with its neighbours linked beside it: the one in node_modules may be in use, and its
 * clean step would delete a working build.
 */
export function workshop(rclnodejs, folder) {
  rmSync(folder, { recursive: true, force: true });
  const modules = join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  const neighbours = dirname(rclnodejs);
  for (const name of readdirSync(neighbours)) {
    if (name !== basename(rclnodejs) && !name.startsWith('.'))
      symlinkSync(join(neighbours, name), join(modules, name));
  }
  const copy = join(modules, 'rclnodejs');
  cpSync(rclnodejs, copy, {
    recursive: true,
    filter: (path) => !['build', 'generated', 'prebuilds'].includes(path.slice(rclnodejs.length + 1)),
  });
  return copy;
}
