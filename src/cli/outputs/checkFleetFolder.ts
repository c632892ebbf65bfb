import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { badArgument } from '../../core/EffvitError.js';
import { FLEET_MARK } from '../../fleet/FleetFolder.js';

/**
 * Call this before writing results of many bags. The folder must be new, empty, or one with such results of effvit, and
 * must not be one of the input bags.
 *
 * @param bagPaths the bags that the command reads.
 * @throws EffvitError BAD_ARGUMENT naming the folder and the remedy
 */
export async function checkFleetFolder(
  path: string,
  bagPaths: readonly string[],
  isForced: boolean,
): Promise<void> {
  const refuse = (what: string): never => {
    throw badArgument(`--output-dir ${path} ${what}.`, { file: path });
  };
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) {
    const parent = await stat(dirname(resolve(path))).catch(() => undefined);
    if (parent === undefined)
      refuse(`is in a folder that does not exist: make ${dirname(resolve(path))} first`);
    if (parent?.isDirectory() === false) refuse('has a parent that is not a folder: name another');
    return;
  }
  if (!info.isDirectory()) refuse('is no folder: name one');
  const real = await realpath(path);
  const names = await readdir(path);
  for (const bag of bagPaths) {
    const realBag = await realpath(bag).catch(() => '');
    if (realBag === real) refuse('is a bag, which this command reads: name another folder');
    // A folder of results is not searched for bags, so the next run would not find them.
    if (realBag.startsWith(`${real}/`) && !names.includes(FLEET_MARK)) {
      refuse(`holds the bag ${bag}: name a folder of its own for the results`);
    }
  }
  if (isForced || names.length === 0 || names.includes(FLEET_MARK)) return;
  // A first run was killed before it wrote more.
  if (names.every((name) => name.startsWith(`.${FLEET_MARK}.`) || name === 'runs')) return;
  refuse('has files that effvit did not write: name another folder, or write into it with --force');
}
