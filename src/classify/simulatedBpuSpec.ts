import { EffvitError } from '../core/EffvitError.js';
import type { ExactResults, OnnxBackendSpec, SimulatedBpuSpec } from '../inference/BackendSpec.js';
import { detectChip } from '../inference/bpu/detectChip.js';
import { simulatedDevice } from '../inference/simulated/SimulatedDevice.js';
import { BPU_CHIPS, type BpuChip } from '../model/BpuChip.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { requireModelFile } from '../model/modelFiles.js';
import { requireToolchain } from '../toolchain/toolchainStatus.js';
import type { ClassifierOptions } from './classifierOptions.js';

/**
 * The simulated BPU's description of a model.
 *
 * @param results the float model or the vendor's quantised one as the source of the scores; if absent, scores are made
 *   up from a hash of the frame.
 * @param chip default: the machine's or `$EFFVIT_BPU_CHIP` if the manifest has a device model of it, else the first
 *   with one.
 * @throws EffvitError BAD_MANIFEST if the manifest has no device model, or no class count.
 */
export function simulatedBpuSpec(
  manifest: ModelManifest,
  { bpuCore }: Pick<ClassifierOptions, 'bpuCore'>,
  results?: OnnxBackendSpec | ExactResults,
  chip: BpuChip | undefined = chipToSimulate(manifest),
): SimulatedBpuSpec {
  const deviceModel = chip === undefined ? undefined : manifest.deviceModels[chip];
  if (chip === undefined || deviceModel === undefined) {
    throw lacking(
      manifest,
      `has no device model to simulate: put device_model with cores, service_ms and host_ms of ${chip ?? BPU_CHIPS.join(' or ')} into its manifest.`,
    );
  }
  const { widthPx, heightPx } = manifest.input;
  const { classCount } = manifest.output;
  if (results === undefined && classCount === undefined) {
    throw lacking(
      manifest,
      'does not say how many classes it has: put output.class_count into its manifest.',
    );
  }
  return {
    kind: 'bpu_sim',
    chip,
    deviceModel,
    core: bpuCore === 'any' ? 'any' : Number(bpuCore),
    device: simulatedDevice(chip),
    isResizer: manifest.files.bpu[chip]?.inputSource === 'resizer',
    results:
      results === undefined
        ? { kind: 'hash', widthPx, heightPx, classCount: classCount ?? 0 }
        : results.kind === 'exact'
          ? results
          : { kind: 'onnx', spec: results },
  };
}

function lacking({ name }: ModelManifest, what: string): EffvitError {
  return new EffvitError('BAD_MANIFEST', `${name} ${what}`, { context: { model: name } });
}

/**
 * The vendor's quantised model as the source of the simulated BPU's scores.
 *
 * @throws EffvitError NOT_FOUND if the model was not compiled or the toolchain is not installed; UNSUPPORTED if it
 *   cannot be installed
 */
export async function exactResults(manifest: ModelManifest): Promise<ExactResults> {
  const chip = chipToSimulate(manifest) ?? 'rdk-x5';
  if (manifest.files.bpuQuantized?.[chip] === undefined) {
    throw new EffvitError(
      'NOT_FOUND',
      `${manifest.name} has no quantised model of the vendor's compiler, which exact results come from: make a model folder with \`effvit compile\` and name that.`,
      { context: { model: manifest.name } },
    );
  }
  const path = await requireModelFile(manifest, 'bpu_quantized', chip);
  const { widthPx, heightPx } = manifest.input;
  return { kind: 'exact', path, widthPx, heightPx, toolchain: requireToolchain() };
}

/** The chip whose device model is simulated: this machine's, else the first that the manifest has. */
export function chipToSimulate({ deviceModels }: ModelManifest): BpuChip | undefined {
  const machine = detectChip();
  if (machine !== undefined && deviceModels[machine] !== undefined) return machine;
  return BPU_CHIPS.find((one) => deviceModels[one] !== undefined);
}
