import { EffvitError } from '../core/EffvitError.js';
import type { Parameters } from '../core/parameters.js';
import type { OnnxBackendSpec, SimulatedBpuSpec } from '../inference/BackendSpec.js';
import { simulatedDevice } from '../inference/simulated/SimulatedDevice.js';
import { BPU_CHIPS, type BpuChip } from '../model/BpuChip.js';
import type { ModelManifest } from '../model/ModelManifest.js';

/**
 * The simulated BPU's description of a model.
 *
 * @param results the float model where its scores are wanted; absent, they are made up from a hash of the frame.
 * @param chip absent: the first that the manifest has a device model of.
 * @throws EffvitError BAD_MANIFEST where the manifest has no device model, or no class count.
 */
export function simulatedBpuSpec(
  manifest: ModelManifest,
  parameters: Pick<Parameters, 'bpu_core'>,
  results?: OnnxBackendSpec,
  chip: BpuChip | undefined = BPU_CHIPS.find((one) => manifest.deviceModels[one] !== undefined),
): SimulatedBpuSpec {
  const deviceModel = chip === undefined ? undefined : manifest.deviceModels[chip];
  if (chip === undefined || deviceModel === undefined) {
    throw new EffvitError(
      'BAD_MANIFEST',
      `${manifest.name} has no device model to simulate: put device_model with cores, service_ms and host_ms of ${chip ?? BPU_CHIPS.join(' or ')} into its manifest.`,
    );
  }
  const { widthPx, heightPx } = manifest.input;
  const { classCount } = manifest.output;
  if (results === undefined && classCount === undefined) {
    throw new EffvitError(
      'BAD_MANIFEST',
      `${manifest.name} does not say how many classes it has: put output.class_count into its manifest.`,
    );
  }
  return {
    kind: 'bpu_sim',
    chip,
    deviceModel,
    core: parameters.bpu_core === 'any' ? 'any' : Number(parameters.bpu_core),
    device: simulatedDevice(chip),
    results:
      results === undefined
        ? { kind: 'hash', widthPx, heightPx, classCount: classCount ?? 0 }
        : { kind: 'onnx', spec: results },
  };
}
