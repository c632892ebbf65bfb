import { asEffvitError } from '../../core/EffvitError.js';
import { type NativePackage, tryNative } from '../../core/loadNative.js';
import { TurboJpeg } from '../../image/TurboJpeg.js';
import { type Finding, ok, problem, warning } from './Finding.js';

/** rclnodejs is checked by checkRos. */
const CHECKED: readonly NativePackage[] = ['onnxruntime-node', 'sharp', 'koffi'];

/** Whether the native parts of packages load on this machine. */
export function checkNatives(
  load: (name: NativePackage) => unknown = tryNative,
  loadTurbo: () => unknown = TurboJpeg.load,
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
