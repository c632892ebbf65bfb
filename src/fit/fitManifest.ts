import { extname } from 'node:path';
import { fileError } from '../core/EffvitError.js';
import { shortSideFor } from '../model/defaultManifest.js';
import type { AssumableKey, ModelInput, ModelManifest } from '../model/ModelManifest.js';
import { isBuilt } from '../model/modelFiles.js';
import { readOnnx } from '../onnx/readOnnx.js';
import {
  FACT_MAX_ELEMENTS,
  type GraphFacts,
  graphFacts,
  type InputFacts,
  type OutputFacts,
} from './graphFacts.js';

/** The conventions of Keras's applications and TensorFlow Hub, by Keras's names: a line of manifest.yaml for each. */
const NORMALISATION_LINES = {
  "Keras's tf: MobileNet, Inception, Xception, NASNet, ResNetV2":
    'input: { mean: [127.5, 127.5, 127.5], scale: [0.00784314, 0.00784314, 0.00784314] }',
  "Keras's caffe: ResNet, VGG, and what was converted from Caffe":
    'input: { color: bgr, mean: [103.939, 116.779, 123.68], scale: [1, 1, 1] }',
  "Keras's torch: DenseNet, ImageNet's mean and deviation":
    'input: { mean: [123.675, 116.28, 103.53], scale: [0.01712475, 0.017507, 0.01742919] }',
  '0 to 1: TensorFlow Hub': 'input: { mean: [0, 0, 0], scale: [0.00392157, 0.00392157, 0.00392157] }',
  '0 to 255': 'input: { mean: [0, 0, 0], scale: [1, 1, 1] }',
};

export interface FitOptions {
  /** The normalisation is given elsewhere: it is neither derived nor reported. */
  readonly isNormalisationKnown?: boolean;
}

export interface FittedManifest {
  readonly manifest: ModelManifest;
  /** Assumptions that may be wrong, as sentences for people. */
  readonly notices: readonly string[];
}

/**
 * Completes a manifest from its graph: layout, size, normalisation, the output with the scores, whether they are logits
 * or probabilities, and labels. Keys that the manifest states stay.
 *
 * @param onnxPath the model's .onnx file; an .ort file changes nothing.
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_MODEL for a file that is no model; BAD_MANIFEST if a
 *   manifest.yaml is required, with the line to write.
 */
export async function fitManifest(
  manifest: ModelManifest,
  onnxPath: string,
  options: FitOptions = {},
): Promise<FittedManifest> {
  const { assumed = [], files } = manifest;
  // Files that this package builds match their manifest.
  const isOwn = files.onnx !== undefined && isBuilt(files.onnx);
  if (assumed.length === 0 || isOwn || extname(onnxPath).toLowerCase() !== '.onnx') {
    return { manifest, notices: [] };
  }
  const facts = graphFacts(await readOnnx(onnxPath, FACT_MAX_ELEMENTS));
  const context: FitContext = { assumed: new Set(assumed), notices: [], onnxPath, facts, ...options };
  const input = facts.input === undefined ? manifest.input : fitInput(manifest, facts.input, context);
  return { manifest: withFacts(manifest, input, context), notices: context.notices };
}

interface FitContext extends FitOptions {
  readonly assumed: ReadonlySet<AssumableKey>;
  readonly notices: string[];
  readonly onnxPath: string;
  readonly facts: GraphFacts;
}

function withFacts(
  { assumed: _, ...manifest }: ModelManifest,
  input: ModelInput,
  { assumed, facts, onnxPath }: FitContext,
): ModelManifest {
  const { preprocess, output } = manifest;
  const scores = chooseScores(manifest, facts, onnxPath);
  const count = scores?.classCount;
  const { labels } = facts;
  const hasLabels =
    assumed.has('labels') && labels !== undefined && labels.length === (count ?? labels.length);
  return {
    ...manifest,
    input,
    preprocess: {
      ...preprocess,
      ...(assumed.has('preprocess.resize_short_side_px') && { resizeShortSidePx: shortSideFor(input) }),
    },
    output: {
      ...output,
      ...(scores !== undefined && facts.outputs.length > 1 && { name: scores.name }),
      ...(count !== undefined && assumed.has('output.class_count') && { classCount: count }),
      ...(scores !== undefined && assumed.has('output.activation') && { activation: scores.activation.kind }),
    },
    labels: hasLabels ? { kind: 'list', labels } : manifest.labels,
  };
}

function fitInput({ input }: ModelManifest, facts: InputFacts, context: FitContext): ModelInput {
  const { assumed } = context;
  const color = assumed.has('input.color') && facts.color === 'nv12' ? 'nv12' : input.color;
  return {
    ...input,
    color,
    ...(assumed.has('input.layout') && { layout: facts.layout }),
    ...(assumed.has('input.width_px') && facts.widthPx !== undefined && { widthPx: facts.widthPx }),
    ...(assumed.has('input.height_px') && facts.heightPx !== undefined && { heightPx: facts.heightPx }),
    ...(color !== 'nv12' &&
      assumed.has('input.mean') &&
      assumed.has('input.scale') &&
      normalisation(facts, context)),
  };
}

function normalisation(
  { pixelRange, layout }: InputFacts,
  { assumed, notices, onnxPath, facts, isNormalisationKnown = false }: FitContext,
): Partial<Pick<ModelInput, 'mean' | 'scale'>> {
  if (pixelRange === '0 to 255') return { mean: [0, 0, 0], scale: [1, 1, 1] };
  if (pixelRange === '0 to 1') return { mean: [0, 0, 0], scale: [1 / 255, 1 / 255, 1 / 255] };
  if (isNormalisationKnown) return {};
  // PyTorch and PaddlePaddle use ImageNet's; Keras has three conventions, which the file does not distinguish.
  const isKeras = layout === 'nhwc' || /tf2onnx|keras|tensorflow/i.test(facts.producer);
  if (isKeras && assumed.has('input.width_px')) {
    const lines = Object.entries(NORMALISATION_LINES).map(([models, line]) => `\`${line}\` (${models})`);
    throw fileError(
      'BAD_MANIFEST',
      onnxPath,
      `does not normalise its input itself, and nothing says how it is to be done: write one line into a manifest.yaml beside it, ${lines.join(' or ')}`,
    );
  }
  // A manifest with a size and no mean uses the documented default.
  if (!assumed.has('input.width_px')) return {};
  notices.push(
    `${onnxPath} does not say how its input is normalised: ImageNet's mean and scale are assumed (input.mean and input.scale of a manifest.yaml beside it say otherwise).`,
  );
  return {};
}

/** Which of several outputs are more likely to have the scores. */
type Preference = (output: OutputFacts, index: number, all: readonly OutputFacts[]) => boolean;

/**
 * Chooses the output with the scores: the one named by the manifest, else the one whose class count is the manifest's,
 * the number of labels, or ImageNet's; of logits and their probabilities, the probabilities.
 *
 * @returns undefined if the graph has no candidate, which loading the model then reports.
 * @throws EffvitError BAD_MANIFEST if there are several candidates, with the line of manifest.yaml that chooses one.
 */
function chooseScores(manifest: ModelManifest, facts: GraphFacts, onnxPath: string): OutputFacts | undefined {
  const { name, classCount } = manifest.output;
  if (name !== undefined) return facts.outputs.find((output) => output.name === name);
  const preferences: readonly Preference[] = [
    (output) => output.classCount === (classCount ?? facts.labels?.length),
    (output) => !/(?:^|[^a-z])aux/i.test(output.name),
    (output) => output.classCount === 1000 || output.classCount === 1001,
    ({ activation, classCount: count }, _, all) =>
      activation.kind === 'probabilities' && all.every((output) => output.classCount === count),
  ];
  const candidates = preferences.reduce((all, prefers) => {
    const preferred = all.filter(prefers);
    return preferred.length > 0 ? preferred : all;
  }, facts.outputs);
  const [only, another] = candidates;
  if (another === undefined) return only;
  const names = candidates.map((output) => `${output.name} (${output.classCount ?? '?'} values)`).join(', ');
  throw fileError(
    'BAD_MANIFEST',
    onnxPath,
    `has ${facts.outputs.length} outputs, and each of ${names} may have the scores: write the line \`output: { name: ${another.name} }\` into a manifest.yaml beside it, with the one to use`,
  );
}
