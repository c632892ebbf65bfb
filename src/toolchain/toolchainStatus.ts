import { existsSync } from 'node:fs';
import { EffvitError } from '../core/EffvitError.js';
import { readText } from '../core/readInput.js';
import {
  INSTALL_STEPS,
  type InstallStep,
  isOwnToolchain,
  pythonOf,
  stampPath,
  stepKey,
  type Toolchain,
  toolchainFolder,
} from './toolchainPlace.js';

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
  switch (status.state) {
    case 'ready':
      return status.toolchain;
    case 'unsupported':
      throw new EffvitError('UNSUPPORTED', `${status.reason}.`);
    case 'absent':
      throw new EffvitError(
        'NOT_FOUND',
        isOwnToolchain(env)
          ? `There is no bin/python3 in ${status.folder}, which EFFVIT_TOOLCHAIN names: name a virtual environment that has the vendor's packages, or unset it.`
          : `The vendor's toolchain is not installed: run \`${INSTALL_COMMAND}\` (it tells what it downloads, its licences and size).`,
        { context: { file: status.folder } },
      );
    case 'partial':
      throw new EffvitError(
        'NOT_FOUND',
        `The toolchain in ${status.folder} is half installed (missing: ${status.missing.join(', ')}): run \`${INSTALL_COMMAND}\` again; it continues where it stopped.`,
        { context: { file: status.folder } },
      );
  }
}
