import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder } from '../core/cacheFolder.js';
import { packagePath } from '../core/packageRoot.js';

/** Where a Python with the vendor's packages is, and what it needs to run. */
export interface Toolchain {
  readonly folder: string;
  readonly pythonPath: string;
  /** Variables beside the caller's own. */
  readonly env: Readonly<Record<string, string>>;
}

/** Steps of the installation; each leaves a stamp with the {@link stepKey} that it was done for. */
export const INSTALL_STEPS = ['python', 'pip', 'base', 'torch', 'vendor', 'check'] as const;

export type InstallStep = (typeof INSTALL_STEPS)[number];

/** Python and packages of the toolchain for the RDK X5; `$EFFVIT_TOOLCHAIN` names one that the user made. */
export function toolchainFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['EFFVIT_TOOLCHAIN'];
  return own === undefined || own === '' ? join(cacheFolder(env), 'toolchain', 'rdk-x5') : resolve(own);
}

/** True if the folder is the user's own, in which nothing is installed or judged by stamps. */
export function isOwnToolchain(env: NodeJS.ProcessEnv = process.env): boolean {
  return (env['EFFVIT_TOOLCHAIN'] ?? '') !== '';
}

/** Folder of a whole CPython (as Maven's) instead of a virtual environment; it needs PYTHONHOME. */
export function wholePythonFolder(folder: string): string {
  return join(folder, 'cpython');
}

/** The Python in a toolchain's folder; its file need not exist yet. */
export function pythonOf(folder: string): Toolchain {
  const whole = wholePythonFolder(folder);
  if (!existsSync(whole)) return { folder, pythonPath: join(folder, 'bin', 'python3'), env: {} };
  return {
    folder,
    pythonPath: join(whole, 'bin', 'python3.10'),
    env: { PYTHONHOME: whole, LD_LIBRARY_PATH: whole },
  };
}

export function stampPath(folder: string, step: InstallStep): string {
  return join(folder, '.done', step);
}

/** What a step depends on: another list of packages makes it undone. */
export function stepKey(step: InstallStep): string {
  const hash = createHash('sha256').update(step);
  if (step === 'base' || step === 'torch' || step === 'vendor') {
    hash.update(readFileSync(requirementsPath(step)));
  }
  return hash.digest('hex');
}

export function requirementsPath(step: 'base' | 'torch' | 'vendor'): string {
  return packagePath('scripts', 'toolchain', `requirements-${step}.txt`);
}
