import { asEffvitError } from '../../core/EffvitError.js';
import { loadNative, type NativePackage } from '../../core/loadNative.js';
import { type Finding, ok, problem } from './Finding.js';

/** rclnodejs is checked by checkRos. */
const CHECKED: readonly NativePackage[] = ['onnxruntime-node', 'sharp', 'koffi'];

/** Whether the packages with native parts load on this machine. */
export function checkNatives(load: (name: NativePackage) => unknown = loadNative): Finding[] {
  return CHECKED.map((name) => {
    try {
      load(name);
      return ok(name, 'loads');
    } catch (error) {
      return problem(name, asEffvitError(error).message, 'npm ci');
    }
  });
}
