import type { Command } from 'commander';
import { installToolchain, TOOLCHAIN_BYTES } from '../compile/installToolchain.js';
import {
  INSTALL_COMMAND,
  requireToolchain,
  type ToolchainStatus,
  toolchainFolder,
  toolchainStatus,
} from '../toolchain/toolchainStatus.js';
import type { CommandContext } from './CommandContext.js';

/** `effvit toolchain install`: the vendor's compiler, quantiser and simulator. */
export function registerInstall(command: Command, { terminal, signal }: CommandContext): void {
  command
    .addHelpText(
      'after',
      '\nPython: EFFVIT_PYTHON310, python3.10 of the PATH, pyenv or uv, else the one of Maven (EFFVIT_MAVEN: another repository).\nExample: effvit toolchain install\n',
    )
    .action(async () => {
      const status = toolchainStatus();
      if (status.state === 'ready') {
        terminal.line(`The toolchain is ready in ${status.toolchain.folder}.`);
        return;
      }
      if (status.state === 'unsupported') requireToolchain();
      terminal.line(terms());
      const began = performance.now();
      await installToolchain({
        signal,
        onStep: (number, total, title) => terminal.note(`[${number}/${total}] ${title}`),
        onProgress: (label, done, total) => terminal.progress(label, done, total),
      });
      terminal.line(
        `The toolchain is ready in ${toolchainFolder()} (${((performance.now() - began) / 1000).toFixed(0)} s). Next: effvit compile config/efficientvit_m5.yaml --calibration bags/signs_drive`,
      );
    });
}

/** Computed here because the folder depends on the current environment. */
const terms =
  (): string => `D-Robotics' OpenExplore tools for the RDK X5, from PyPI: rdkx5-yolo-mapper 1.0.0, dg-nn-toolkit 1.0.0, dgdk 1.0.0.
They are D-Robotics' and Horizon Robotics' property, all rights reserved, and no part of effvit: you install them for
yourself, under the terms that come with them (https://developer.d-robotics.cc). With them come the packages of PyPI
that they import, at fixed versions, into a Python of their own: nothing else on this machine is changed.
Download ${(TOOLCHAIN_BYTES.download / 1e9).toFixed(1)} GB, on disk ${(TOOLCHAIN_BYTES.installed / 1e9).toFixed(1)} GB, in ${toolchainFolder()}; remove that folder to be rid of it.`;

/** `effvit toolchain status` */
export function registerStatus(command: Command, context: CommandContext): void {
  const { terminal } = context;
  command.option('--json', 'one JSON object').action((options: { readonly json?: boolean }) => {
    const status = toolchainStatus();
    if (status.state !== 'ready') context.exitCode = 1;
    if (options.json !== true) terminal.line(statusLine(status));
    else if (status.state !== 'ready') terminal.json(status);
    else {
      const { folder, pythonPath: python } = status.toolchain;
      terminal.json({ state: status.state, folder, python });
    }
  });
}

function statusLine(status: ToolchainStatus): string {
  switch (status.state) {
    case 'ready':
      return `ready: ${status.toolchain.folder} (${status.toolchain.pythonPath})`;
    case 'unsupported':
      return `not for this machine: ${status.reason}.`;
    case 'absent':
      return `not installed: ${INSTALL_COMMAND}`;
    case 'partial':
      return `half installed in ${status.folder}, missing: ${status.missing.join(', ')}: run ${INSTALL_COMMAND} again, it resumes where it stopped.`;
  }
}
