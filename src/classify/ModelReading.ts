import { EffvitError } from '../core/EffvitError.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import { type LabelsOf, prepareLabels } from '../model/labels.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import type { PoolModel } from '../pool/PoolOptions.js';
import { type TopKEntry, topK } from '../pool/topK.js';
import type { ClassResult } from './ClassResult.js';
import { checkResizeOn } from './checkResizeOn.js';
import type { ClassifierOptions } from './classifierOptions.js';
import { checkKnownScore, FrameJudge, temperatureOf } from './FrameJudge.js';
import { modelPreprocess } from './prepareModel.js';

/** A model ready to be loaded: its manifest and the backend that runs it. */
export interface ClassifierModel {
  readonly manifest: ModelManifest;
  readonly backend: BackendSpec;
  /** Called once if the first frame contradicts the manifest. */
  readonly notice?: ((text: string) => void) | undefined;
}

/** Everything that turns a model's logits into results; replaced together with the model. */
export class ModelReading {
  readonly model: ClassifierModel;
  /** Its state belongs to this model. */
  readonly judge = new FrameJudge();
  readonly #labelsOf: LabelsOf;
  #loaded: { readonly info: LoadedModelInfo; readonly labels: readonly string[] } | undefined;
  /** Whether the first frame was checked against the manifest. */
  #isChecked = false;

  private constructor(model: ClassifierModel, labelsOf: LabelsOf) {
    this.model = model;
    this.#labelsOf = labelsOf;
  }

  /** @throws EffvitError BAD_CONFIG, BAD_ARGUMENT for options that do not fit the model; NOT_FOUND, BAD_MANIFEST */
  static async prepare(model: ClassifierModel, options: ClassifierOptions): Promise<ModelReading> {
    checkOptions(model, options);
    // Wrong labels fail before any worker starts.
    return new ModelReading(model, await prepareLabels(model.manifest));
  }

  /** Call this once the model is loaded. @throws EffvitError BAD_MANIFEST if it has another number of classes. */
  setInfo(info: LoadedModelInfo): void {
    this.#loaded = { info, labels: this.#labelsOf(info.classCount) };
  }

  /** @throws EffvitError CLOSED before the model is loaded. */
  get info(): LoadedModelInfo {
    if (this.#loaded === undefined) throw new EffvitError('CLOSED', 'The model is not loaded.');
    return this.#loaded.info;
  }

  /** One per class, in the order of the model's output; empty before it is loaded. */
  get labels(): readonly string[] {
    return this.#loaded?.labels ?? [];
  }

  /** How the pool prepares and evaluates frames of the model. */
  poolModel(options: ClassifierOptions): PoolModel<readonly ClassResult[]> {
    const { manifest, backend } = this.model;
    const { activation } = manifest.output;
    const [k, temperature] = [options.topK, temperatureOf(manifest, options)];
    return {
      backend,
      preprocess: modelPreprocess(manifest, options),
      ranking: { k, activation, temperature },
      postprocess: (logits, ranked = topK(logits, k, activation, temperature)) =>
        this.#results(logits, ranked, options),
      judge: this.judge.judgeWith(this, options),
      judgeRegions: this.judge.judgeRegionsWith(this, options),
    };
  }

  #results(
    logits: Float32Array,
    ranked: readonly TopKEntry[],
    { scoreThreshold }: ClassifierOptions,
  ): readonly ClassResult[] {
    const { labels, model } = this;
    if (!this.#isChecked) {
      this.#isChecked = true;
      const doubt = activationDoubt(logits, model.manifest);
      if (doubt !== undefined) model.notice?.(doubt);
    }
    if (labels.length > 0 && labels.length !== logits.length) {
      throw new EffvitError(
        'BAD_MODEL',
        `The model gave ${logits.length} values for ${labels.length} labels: correct the manifest or the file.`,
      );
    }
    const results: ClassResult[] = [];
    for (const { index, score } of ranked) {
      if (score < scoreThreshold) break;
      results.push({ index, label: labels[index] ?? `class_${index}`, score });
    }
    return results;
  }
}

/** @throws EffvitError BAD_CONFIG, BAD_ARGUMENT for options that do not fit the model. */
export function checkOptions({ manifest, backend }: ClassifierModel, options: ClassifierOptions): void {
  checkKnownScore(manifest, options);
  checkResizeOn(manifest.name, backend, modelPreprocess(manifest, options));
}

/** Sums of float16 and int8 graphs differ from 1 by less. */
const TOLERANCE = 0.02;

/**
 * One sentence if a frame's values contradict the manifest's `output.activation`; undefined if they agree.
 *
 * @param values one per class, as the model gave them.
 */
export function activationDoubt(
  values: Float32Array,
  { name, output }: Pick<ModelManifest, 'name' | 'output'>,
): string | undefined {
  let [sum, min, max] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const isInRange = min >= -TOLERANCE && max <= 1 + TOLERANCE;
  if (output.activation === 'probabilities') {
    // The comparison is also false for NaN, which the results report.
    if (!(min < -TOLERANCE || max > 1 + TOLERANCE)) return undefined;
    return `The scores of ${name} go from ${min.toPrecision(3)} to ${max.toPrecision(3)}, so they are logits, but its manifest says probabilities and what is not between 0 and 1 is cut off: write \`output: { activation: logits }\` into it.`;
  }
  if (values.length < 2 || !isInRange || Math.abs(sum - 1) > TOLERANCE) return undefined;
  return `The scores of ${name} lie between 0 and 1 and their sum is 1, so they are probabilities, but they are taken for logits, which makes all classes nearly equal: write \`output: { activation: probabilities }\` into its manifest.yaml.`;
}
