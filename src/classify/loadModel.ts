import { asEffvitError } from '../core/EffvitError.js';
import { ensureOnnx } from '../fetch/ensureOnnx.js';
import { fitManifest } from '../fit/fitManifest.js';
import { saturationNotice } from '../fit/saturatingNodes.js';
import { detectChip } from '../inference/bpu/detectChip.js';
import { LibDnn } from '../inference/bpu/LibDnn.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { modelFiles } from '../model/modelFiles.js';
import { resolveModel } from '../model/resolveModel.js';
import { bpuBackendSpec, usableChip } from './bpuBackendSpec.js';
import { type ClassifierOptions, classifierOptions } from './classifierOptions.js';
import { int8Choice } from './int8Choice.js';
import type { ClassifierModel } from './ModelReading.js';
import { modelPreprocess, onnxBackendSpec } from './prepareModel.js';
import { exactResults, simulatedBpuSpec } from './simulatedBpuSpec.js';

/** The model of the vendor's model zoo, used if its files were pulled; else the bundled one. */
const PREFERRED_MODEL = 'efficientvit_m5';
const BUNDLED_MODEL = 'efficientvit_m5_signs';

/** The models that `auto` may resolve to. */
export const AUTO_MODELS = [PREFERRED_MODEL, BUNDLED_MODEL] as const;

/** Notices that the caller should show. */
export interface ModelNotices {
  /** Called with a sentence, e.g. that the bundled model is used instead of another. */
  readonly notice?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The model that the options `model` and `backend` name, ready for {@link Classifier.start}; without options, the best
 * one for this machine. An ONNX file that is built from weights is built now if it is missing.
 *
 * @throws EffvitError BAD_CONFIG, NOT_FOUND, BAD_ARGUMENT, BAD_MANIFEST, BAD_WEIGHTS, UNSUPPORTED
 */
export async function loadModel(
  given: Partial<ClassifierOptions> = {},
  notices: ModelNotices = {},
): Promise<ClassifierModel> {
  const options = classifierOptions(given);
  const isMadeUp = options.backend === 'bpu_sim' && options.bpuSimResults === 'hash';
  // Made-up scores need no model file.
  const defaultName = isMadeUp ? async () => PREFERRED_MODEL : defaultModelName;
  const name = options.model === 'auto' ? await defaultName(notices) : options.model;
  let resolved = await resolveModel(name);
  const { notice } = notices;
  if (isMadeUp || (options.backend === 'bpu_sim' && options.bpuSimResults === 'exact')) {
    const results = isMadeUp ? undefined : await exactResults(resolved);
    return { manifest: resolved, backend: simulatedBpuSpec(resolved, options, results), notice };
  }
  if (options.backend === 'bpu' || (options.backend === 'auto' && (await hasBpu(resolved, notices)))) {
    return { manifest: resolved, backend: await bpuBackendSpec(resolved, options), notice };
  }
  // These compute by ONNX Runtime; the compiler asks what becomes of a further backend.
  options.backend satisfies 'auto' | 'onnx' | 'bpu_sim';
  const isSimulated = options.backend === 'bpu_sim';
  if (options.model === 'auto' && !isSimulated) resolved = await int8Choice(resolved, notice);
  const onnxPath = await ensureOnnx(resolved, {
    signal: notices.signal,
    onProgress: ({ phase }) => {
      if (phase === 'building') notice?.(`Building the ONNX file of ${resolved.name} from its weights ...`);
      if (phase === 'waiting') notice?.(`Waiting for another process that prepares ${resolved.name} ...`);
    },
  });
  const { manifest, notices: assumptions } = await fitManifest(resolved, onnxPath);
  const saturation = await saturationNotice(onnxPath);
  for (const text of [...assumptions, saturation]) if (text !== undefined) notice?.(text);
  const preprocess = modelPreprocess(manifest, options);
  // A simulated BPU's batches are those of its .bin.
  const onnxOptions = isSimulated ? { ...options, onnxBatch: 1 } : options;
  const onnx = onnxBackendSpec(manifest, onnxPath, preprocess, onnxOptions);
  return {
    manifest,
    notice,
    backend: isSimulated ? simulatedBpuSpec(manifest, options, onnx) : onnx,
  };
}

/** Whether this machine has a BPU with its runtime, and the model's file for it. */
async function hasBpu(manifest: ModelManifest, { notice }: ModelNotices): Promise<boolean> {
  const chip = detectChip();
  if (chip === undefined || (await usableChip(manifest, chip)) === undefined) return false;
  try {
    new LibDnn();
    return true;
  } catch (error) {
    notice?.(`The BPU of this ${chip} is not used, the CPU is: ${asEffvitError(error).message}`);
    return false;
  }
}

async function defaultModelName({ notice }: ModelNotices): Promise<string> {
  const preferred = await resolveModel(PREFERRED_MODEL);
  const files = await modelFiles(preferred);
  if (files.some((file) => file.isPresent)) return PREFERRED_MODEL;
  notice?.(
    `The files of ${PREFERRED_MODEL} are not here, so ${BUNDLED_MODEL} stands in: get them with \`effvit model pull ${PREFERRED_MODEL}\`.`,
  );
  return BUNDLED_MODEL;
}
