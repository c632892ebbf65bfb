import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { METADATA_NAME } from '../bag/BagMetadata.js';
import { STORAGE_FILE } from '../bag/openBag.js';
import { asEffvitError, badArgument } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';
import { compareTexts, type FleetBag } from './FleetBag.js';
import { FLEET_MARK } from './FleetFolder.js';
import { globPaths, isGlob } from './globPaths.js';

/**
 * The recordings that paths name: bags, folders of bags (with those in folders below), patterns such as
 * `drives/2026-*`, and `@list`, a text with one of these per line, relative to the list's folder. A line may have
 * further columns, separated by tabs: the name in the report, and a version that changes with the content.
 *
 * A folder with a metadata.yaml is one bag. One without it is one bag if its files are named after it, as those of a
 * killed recorder are (`drive/drive_0.mcap`); else each of its files is one.
 *
 * @returns each once, sorted by name. Missing paths are included; reading them reports the error.
 * @throws EffvitError BAD_ARGUMENT for a pattern, folder or list without a bag; IO_FAILED
 */
export async function findBags(given: readonly string[]): Promise<FleetBag[]> {
  const bags = new Map<string, FleetBag>();
  const add = (bag: FleetBag): void => {
    const other = bags.get(bag.name);
    if (other !== undefined && other.path !== bag.path) {
      throw badArgument(
        `Two bags are named ${bag.name}: ${other.path} and ${bag.path}; give each a name of its own.`,
      );
    }
    bags.set(bag.name, bag);
  };
  for (const text of given) {
    if (text.startsWith('@')) for (const bag of await bagsOfList(text.slice(1))) add(bag);
    else if (isUrl(text)) add({ path: text, name: text });
    else for (const path of await bagsOf(text)) add({ path, name: path });
  }
  return [...bags.values()].sort((a, b) => compareTexts(a.name, b.name));
}

async function bagsOfList(list: string): Promise<FleetBag[]> {
  const text = await readInput(list, { missing: `There is no list ${list}: check the path after @.` });
  const bags: FleetBag[] = [];
  for (const line of text.toString('utf8').split(/\r?\n/)) {
    const [content = '', name, version] = line.split('\t').map((column) => column.trim());
    if (content === '' || content.startsWith('#')) continue;
    const isElsewhere = isAbsolute(content) || isUrl(content);
    const path = isElsewhere ? content : join(dirname(list), content);
    if (name) bags.push({ path, name, ...(version ? { version } : {}) });
    else if (isUrl(content)) bags.push({ path, name: path });
    else for (const found of await bagsOf(path)) bags.push({ path: found, name: found });
  }
  if (bags.length === 0) {
    throw badArgument(`The list ${list} names no bag: expected a path a line.`);
  }
  return bags;
}

/** Whether a bag is given by URL. examples/fleet downloads it; here it has a name but no content. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

async function bagsOf(text: string): Promise<string[]> {
  const path = trimmed(text);
  const info = await stat(path).catch(() => undefined);
  if (info === undefined && isGlob(text)) {
    const matched: string[] = [];
    for (const match of await globPaths(text)) {
      const isFolder = (await stat(match).catch(() => undefined))?.isDirectory() === true;
      if (isFolder) matched.push(...(await bagsInFolder(match)));
      else if (STORAGE_FILE.test(match)) matched.push(match);
    }
    if (matched.length > 0) return matched.map(trimmed);
    throw badArgument(`No bag matches ${text}: check the pattern.`);
  }
  if (info?.isDirectory() !== true) return [path];
  const inside = await bagsInFolder(path);
  if (inside.length > 0) return inside;
  throw badArgument(`There is no bag in ${path}: expected .mcap or .db3 files below it.`, { file: path });
}

/**
 * Whether a single given folder holds many bags rather than being one. Files of one stem (`drive_0.mcap`,
 * `drive_1.mcap`) are one bag there, whatever the folder's name: it may have been renamed.
 */
export async function holdsManyBags(folder: string): Promise<boolean> {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  if (names.includes(METADATA_NAME)) return false;
  const files = names.filter((name) => STORAGE_FILE.test(name));
  const stems = new Set(files.map((name) => name.replace(/(_\d+)?\.(mcap|db3)(\.zstd?)?$/i, '')));
  if (stems.size > 1) return true;
  const own = new Set([folder, ...files.map((name) => join(folder, name))].map(trimmed));
  return (await bagsInFolder(trimmed(folder))).some((path) => !own.has(path));
}

async function bagsInFolder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw asEffvitError(error, 'IO_FAILED', `Cannot look into ${folder}`);
  });
  const names = entries.map(({ name }) => name);
  if (names.includes(FLEET_MARK)) return [];
  const files = names.filter((name) => STORAGE_FILE.test(name));
  if (names.includes(METADATA_NAME) || isSplitBag(folder, files)) return [folder];
  const bags = files.map((name) => join(folder, name));
  for (const entry of entries) {
    // A link to a folder is not followed, because it may lead back.
    if (entry.isDirectory() && !entry.name.startsWith('.') && !STORAGE_FILE.test(entry.name)) {
      bags.push(...(await bagsInFolder(join(folder, entry.name))));
    }
  }
  return bags;
}

/** rosbag2 names the parts of a recording after its folder. */
function isSplitBag(folder: string, files: readonly string[]): boolean {
  const stem = `${basename(folder)}_`;
  return (
    files.length > 0 && files.every((name) => name.startsWith(stem) && /^\d+\./.test(name.slice(stem.length)))
  );
}

/** Normalises a path: `./a//b/` is `a/b`. */
function trimmed(path: string): string {
  const plain = normalize(path);
  return plain.length > 1 && plain.endsWith('/') ? plain.slice(0, -1) : plain;
}
