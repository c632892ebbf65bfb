import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder } from '../core/cacheFolder.js';
import { EffvitError } from '../core/EffvitError.js';
import { packagePath } from '../core/packageRoot.js';
import { readText } from '../core/readInput.js';

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
  const own = env['EFFVIT_TOOLCHAIN'] ?? '';
  return own === '' ? join(cacheFolder(env), 'toolchain', 'rdk-x5') : resolve(own);
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

/** Whether the vendor's toolchain can be used on this machine. */
export type ToolchainStatus =
  | { readonly state: 'unsupported'; readonly reason: string }
  | {
      readonly state: 'absent' | 'partial';
      readonly folder: string;
      readonly missing: readonly InstallStep[];
    }
  | { readonly state: 'ready'; readonly toolchain: Toolchain };

/** Whether the vendor's packages have programs for this platform: only for x86-64 Linux. */
export function isToolchainPlatform(
  platform: string = process.platform,
  arch: string = process.arch,
): boolean {
  return platform === 'linux' && arch === 'x64';
}

const UNSUPPORTED = `The vendor's toolchain has programs only for x86-64 Linux, and this machine is ${process.arch} ${process.platform}: compile on a PC and copy the model folder here`;

export const INSTALL_COMMAND = 'effvit toolchain install';

/** Checks only a few files; the programs were tested at installation. */
export function toolchainStatus(env: NodeJS.ProcessEnv = process.env): ToolchainStatus {
  if (!isToolchainPlatform()) return { state: 'unsupported', reason: UNSUPPORTED };
  const folder = toolchainFolder(env);
  const toolchain = pythonOf(folder);
  if (isOwnToolchain(env)) {
    return existsSync(toolchain.pythonPath)
      ? { state: 'ready', toolchain }
      : { state: 'absent', folder, missing: ['python'] };
  }
  const missing = INSTALL_STEPS.filter((step) => !isStepDone(folder, step));
  if (missing.length === 0 && existsSync(toolchain.pythonPath)) return { state: 'ready', toolchain };
  return { state: existsSync(folder) ? 'partial' : 'absent', folder, missing };
}

export function isStepDone(folder: string, step: InstallStep): boolean {
  return readText(stampPath(folder, step)) === stepKey(step);
}

/** @throws EffvitError UNSUPPORTED, NOT_FOUND with the remedy */
export function requireToolchain(env: NodeJS.ProcessEnv = process.env): Toolchain {
  const status = toolchainStatus(env);
  if (status.state === 'ready') return status.toolchain;
  if (status.state === 'unsupported') throw new EffvitError('UNSUPPORTED', `${status.reason}.`);
  const { folder } = status;
  let problem = `The vendor's toolchain is not installed: run \`${INSTALL_COMMAND}\` (it tells what it downloads, its licences and size)`;
  if (status.state === 'partial') {
    problem = `The toolchain in ${folder} is half installed (missing: ${status.missing.join(', ')}): run \`${INSTALL_COMMAND}\` again; it continues where it stopped`;
  } else if (isOwnToolchain(env)) {
    problem = `There is no bin/python3 in ${folder}, which EFFVIT_TOOLCHAIN names: name a virtual environment that has the vendor's packages, or unset it`;
  }
  throw new EffvitError('NOT_FOUND', `${problem}.`, { context: { file: folder } });
}
