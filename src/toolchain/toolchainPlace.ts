import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder } from '../core/cacheFolder.js';
import { packagePath } from '../core/packageRoot.js';

/** A Python with the vendor's packages. */
export interface Toolchain {
  readonly folder: string;
  readonly pythonPath: string;
  /** Environment variables that this Python needs. */
  readonly env: Readonly<Record<string, string>>;
}

/** Steps of the installation; a finished step leaves a stamp file with its {@link stepKey}. */
export const INSTALL_STEPS = ['python', 'pip', 'base', 'torch', 'vendor', 'check'] as const;

export type InstallStep = (typeof INSTALL_STEPS)[number];

/** Folder of the toolchain for the RDK X5; `$EFFVIT_TOOLCHAIN` names the user's own. */
export function toolchainFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['EFFVIT_TOOLCHAIN'];
  return own === undefined || own === '' ? join(cacheFolder(env), 'toolchain', 'rdk-x5') : resolve(own);
}

/** Whether the folder is the user's own: nothing is installed there, and it has no stamps. */
export function isOwnToolchain(env: NodeJS.ProcessEnv = process.env): boolean {
  return (env['EFFVIT_TOOLCHAIN'] ?? '') !== '';
}

/** Folder of a complete CPython (from Maven) instead of a virtual environment; it needs PYTHONHOME. */
export function wholePythonFolder(folder: string): string {
  return join(folder, 'cpython');
}

/** The Python of a toolchain's folder; it may not exist yet. */
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

/** A hash of what a step depends on: with another list of packages the step must be repeated. */
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
