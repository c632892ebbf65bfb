import { createHash } from 'node:crypto';
import { EffvitError } from '../core/EffvitError.js';
import { nearestName } from '../core/nearestName.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { EFFICIENTVIT_VARIANTS, type EfficientVitVariant } from '../model/manifestValues.js';
import { serializeOnnx } from '../onnx/serializeOnnx.js';
import { readWeights } from '../weights/readWeights.js';
import { type BuildEfficientVitOptions, buildEfficientVit } from './buildEfficientVit.js';
import { countParameters, EFFICIENTVIT_ARCHITECTURES, expectedTensors } from './EfficientVitArchitecture.js';

export interface BuildModelFileOptions extends Omit<BuildEfficientVitOptions, 'weights' | 'place'> {
  /** safetensors, or a PyTorch checkpoint. */
  readonly weightsPath: string;
  /** Written whole or not at all. */
  readonly outputPath: string;
}

/**
 * Writes the ONNX file of {@link buildEfficientVit} from a file of weights.
 *
 * @throws EffvitError BAD_ARGUMENT, OUT_OF_RANGE, NOT_FOUND, BAD_WEIGHTS, UNSUPPORTED, IO_FAILED
 */
export async function buildModelFile(options: BuildModelFileOptions) {
  const { weightsPath, outputPath, ...rest } = options;
  const { tensors } = await readWeights(weightsPath);
  const model = buildEfficientVit({ ...rest, weights: tensors, place: weightsPath });
  const content = serializeOnnx(model);
  await writeFileAtomic(outputPath, content);
  const classCount = Number(model.graph.outputs[0]?.shape?.[1]);
  return {
    /** Trained parameters, counted as PyTorch and timm do. */
    parameters: countParameters(expectedTensors(EFFICIENTVIT_ARCHITECTURES[options.variant], classCount)),
    classCount,
    nodes: model.graph.nodes.length,
    bytes: content.length,
    /** Of the file written; deterministic for the same weights and options. */
    sha256: createHash('sha256').update(content).digest('hex'),
  };
}

/** `m5` or `efficientvit_m5` as a variant. @throws EffvitError BAD_ARGUMENT with the most similar name */
export function parseEfficientVitVariant(text: string): EfficientVitVariant {
  const wanted = text.toLowerCase().replace(/^efficientvit_/, '');
  const found = EFFICIENTVIT_VARIANTS.find((variant) => variant === wanted);
  if (found !== undefined) return found;
  const names = EFFICIENTVIT_VARIANTS.map((variant) => `efficientvit_${variant}`);
  const near = nearestName(text, names);
  const hint = near === undefined ? '.' : `: did you mean ${near}?`;
  throw new EffvitError(
    'BAD_ARGUMENT',
    `Expected one of ${names.join(', ')} for the variant but received ${JSON.stringify(text)}${hint}`,
  );
}
