import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

function addPath(hash, path, name) {
  if (statSync(path).isDirectory()) {
    for (const entry of readdirSync(path).sort()) addPath(hash, join(path, entry), `${name}/${entry}`);
    return;
  }
  const content = readFileSync(path);
  hash.update(`${name}\0${content.length}\0`).update(content);
}

/**
 * Twelve hex digits that name what was built from these inputs: files and folders by relative name and content (never
 * by date or place, so that a second clone finds the same key), and plain values. `packages` are [name, path] pairs,
 * where the file's own name does not tell two inputs apart.
 */
export function inputsHash({ paths = [], packages = [], values = [] }) {
  const hash = createHash('sha256');
  for (const value of values) hash.update(`${JSON.stringify(value)}\0`);
  for (const path of paths) addPath(hash, path, basename(path));
  for (const [name, path] of packages) addPath(hash, path, name);
  return hash.digest('hex').slice(0, 12);
}
