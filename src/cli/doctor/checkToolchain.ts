import { INSTALL_COMMAND, type ToolchainStatus } from '../../toolchain/toolchainStatus.js';
import { type Finding, ok, warning } from './Finding.js';

const NAME = 'vendor toolchain';

/** A missing toolchain is not a problem: it is needed to compile for the board, not to run there. */
export function checkToolchain(status: ToolchainStatus): Finding {
  switch (status.state) {
    case 'ready':
      return ok(
        NAME,
        `installed in ${status.toolchain.folder}: \`effvit compile\` makes a .bin for the RDK X5`,
      );
    case 'partial':
      return warning(
        NAME,
        `half installed in ${status.folder} (missing: ${status.missing.join(', ')})`,
        `run \`${INSTALL_COMMAND}\` again, it goes on where it stopped`,
      );
    case 'absent':
      return ok(NAME, `not installed, only \`effvit compile\` needs it: \`${INSTALL_COMMAND}\``);
    case 'unsupported':
      return ok(NAME, 'not for this machine: `effvit compile` runs on x86-64 Linux');
  }
}
