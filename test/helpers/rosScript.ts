import { pathToFileURL } from 'node:url';
import { packagePath } from '../../src/core/packageRoot.js';

/** Loads one of scripts/ros/*.mjs, which are plain JavaScript; the caller says what it exports. */
export async function rosScript<Exports>(name: string): Promise<Exports> {
  return (await import(pathToFileURL(packagePath('scripts', 'ros', `${name}.mjs`)).href)) as Exports;
}
