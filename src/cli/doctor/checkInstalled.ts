import { asEffvitError } from '../../core/EffvitError.js';
import { type NativePackage, tryNative } from '../../core/loadNative.js';
import { TurboJpeg } from '../../image/TurboJpeg.js';
import { INSTALL_COMMAND, type ToolchainStatus } from '../../toolchain/toolchainStatus.js';
import { type Finding, ok, problem, warning } from './Finding.js';

/** rclnodejs is checked by checkRos. */
const CHECKED: readonly NativePackage[] = ['onnxruntime-node', 'sharp', 'koffi'];

/** Whether the native parts of packages load on this machine. */
export function checkNatives(
  load: (name: NativePackage) => unknown = tryNative,
  loadTurbo: () => unknown = () => new TurboJpeg(),
): Finding[] {
  return [...CHECKED.map((name) => required(name, () => load(name))), jpegDecoder(loadTurbo)];
}

function required(name: string, load: () => unknown): Finding {
  try {
    load();
    return ok(name, 'loads');
  } catch (error) {
    return problem(name, asEffvitError(error).message, 'npm ci');
  }
}

/** What it does not decode, sharp does. */
function jpegDecoder(load: () => unknown): Finding {
  const name = 'libjpeg-turbo';
  try {
    load();
    return ok(name, 'loads');
  } catch (error) {
    const [reason] = asEffvitError(error).message.split('\n');
    return warning(name, `does not load (${reason}): sharp decodes JPEGs, for three times the CPU`, 'npm ci');
  }
}

/** A missing toolchain is not a problem: it is needed to compile for the board, not to run there. */
export function checkToolchain(status: ToolchainStatus): Finding {
  const name = 'vendor toolchain';
  switch (status.state) {
    case 'ready':
      return ok(
        name,
        `installed in ${status.toolchain.folder}: \`effvit compile\` makes a .bin for the RDK X5`,
      );
    case 'partial':
      return warning(
        name,
        `half installed in ${status.folder} (missing: ${status.missing.join(', ')})`,
        `run \`${INSTALL_COMMAND}\` again, it goes on where it stopped`,
      );
    case 'absent':
      return ok(name, `not installed, only \`effvit compile\` needs it: \`${INSTALL_COMMAND}\``);
    case 'unsupported':
      return ok(name, 'not for this machine: `effvit compile` runs on x86-64 Linux');
  }
}
