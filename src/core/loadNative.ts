import { createRequire } from 'node:module';
import { EffvitError } from './EffvitError.js';

/** The packages with native parts, and what needs each of them. */
const NATIVES = {
  'onnxruntime-node': 'Inference on the CPU needs ONNX Runtime',
  sharp: 'Compressed images and drawing need sharp',
  koffi: 'The BPU, and images from ROS, need koffi',
  rclnodejs: 'ROS needs rclnodejs',
} as const;

export type NativePackage = keyof typeof NATIVES;

const require = createRequire(import.meta.url);
const MACHINE = `${process.platform}-${process.arch}`;

/** The native parts of packages whose JavaScript takes ten times longer to load. */
const PARTS: Partial<Record<NativePackage, string>> = {
  'onnxruntime-node': `onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}/onnxruntime_binding.node`,
  sharp: `@img/sharp-${MACHINE}/sharp.node`,
};

/**
 * A package with a native part, loaded on first use: a command that does not need it starts without it, and works where
 * it is missing. All of them are CommonJS, which takes 5 ms less in every worker than importing them.
 *
 * @throws EffvitError UNSUPPORTED if it is not installed, or has no build for this machine.
 */
export function loadNative<Module>(name: NativePackage): Module {
  try {
    return require(name) as Module;
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new EffvitError(
      'UNSUPPORTED',
      `${NATIVES[name]}, which does not load on ${MACHINE} (${reason}): run \`npm ci\` in the folder of effvit on this machine.`,
      { cause: error },
    );
  }
}

/**
 * Loads only the native part of a package, if it lies where this version of the package has it, and else the package.
 *
 * @throws as {@link loadNative}
 */
export function tryNative(name: NativePackage): void {
  const part = PARTS[name];
  try {
    if (part !== undefined) return void require(part);
  } catch {
    // Whether the package has its part elsewhere, or cannot be loaded and why, is found out by loading it.
  }
  loadNative(name);
}
