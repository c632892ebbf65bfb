import { stat } from 'node:fs/promises';
import { EffvitError, fileError } from '../core/EffvitError.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { readOnnx } from '../onnx/readOnnx.js';
import { writeOnnx } from '../onnx/serializeOnnx.js';
import { ablateSoftmax, softmaxVariants } from './ablateSoftmax.js';
import { methodName, rangeMethods, searchMethod } from './calibrationMethod.js';
import { compareNodes, compareOutputs, compareSpeed } from './compareModels.js';
import { type LabelledPlanes, noisePictures, type PicturePlanes } from './FramePlanes.js';
import { type InputNormalization, inputNormalization, normalize } from './InputNormalization.js';
import { modelOutputPrecision, nodeRequests, nodesMatching } from './nodeRequests.js';
import { type FloatValue, inputDims } from './OrtRunner.js';
import type { Coverage, NodePlan, PlanOptions, QuantizationPlan } from './planNodes.js';
import { Quantizer } from './Quantizer.js';
import type { Precision } from './QuantParams.js';
import type { MakertbinFile } from './readMakertbinConfig.js';

export type QuantizeStage = 'calibrating' | 'searching' | 'comparing' | 'timing' | 'ablation';

export interface QuantizeOptions {
  readonly config: MakertbinFile;
  /** The float model; `model_parameters.onnx_model` is what the vendor's compiler takes. */
  readonly onnxPath: string;
  /** The .onnx file to write. */
  readonly outputPath: string;
  /** Read once. */
  readonly calibration: AsyncIterable<PicturePlanes>;
  /** Pictures to compare the models on, labelled or not; default: some of those for calibration. */
  readonly evaluation?: () => AsyncIterable<LabelledPlanes>;
  /** Default `fast`. */
  readonly coverage?: Coverage;
  /** Precision of nodes by name, in which `*` matches any text; overrides the configuration, and the last one wins. */
  readonly overrides?: ReadonlyMap<string, Precision>;
  /** Use the whole int8 range for weights: sums of such a model saturate on x86 CPUs without VNNI. */
  readonly fullRange?: boolean;
  /** Compare int8, int16 and float softmax as well. */
  readonly ablation?: boolean;
  /** Rounds of the speed comparison, 0 to leave it out; default 60. */
  readonly speedRounds?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (stage: QuantizeStage, done: number, total?: number) => void;
}

/** Calibration pictures that are kept to search, to compare node by node and to time with. */
const SAMPLE_COUNT = 16;

/** Of the samples, those that all values of both models are compared on: memory for each is some 100 MB. */
const NODE_SAMPLE_COUNT = 4;

/** What was made and how it compares with the float model; plain data, the form of `--json`. */
export type QuantizeReport = Awaited<ReturnType<typeof quantizeModel>>;

/**
 * Quantises a float ONNX classifier to int8 (QDQ), writes it and compares it with the float model.
 *
 * @throws EffvitError BAD_CONFIG, BAD_MODEL, BAD_WEIGHTS, MISMATCH, NOT_FOUND, UNSUPPORTED, CANCELLED,
 *   IO_FAILED; the file is written whole or not at all
 */
export async function quantizeModel(options: QuantizeOptions) {
  const { config, onnxPath, outputPath, speedRounds = 60, signal, onProgress } = options;
  const methods = rangeMethods(config.config);
  const normalization = inputNormalization(config.config);
  const quantizer = await Quantizer.open(await readOnnx(onnxPath));
  const dims = inputDims(quantizer.model);
  const planOptions = planOptionsOf(options, quantizer);
  const plan = quantizer.plan(planOptions);
  refuseEmptyPlan(plan, onnxPath);
  const variants = options.ablation === true ? softmaxVariants(quantizer, planOptions) : [];

  const samples: LabelledPlanes[] = [];
  const plans = [plan, ...variants.map((variant) => variant.plan)];
  const inputs = calibrationInputs(options, normalization, dims, samples);
  const calibrationPictures = await quantizer.calibrate(plans, inputs, {
    signal,
    onFrame: (count) => onProgress?.('calibrating', count),
  });
  if (calibrationPictures === 0) {
    throw new EffvitError(
      'NOT_FOUND',
      'There is no picture to calibrate on: name a folder, a bag or a list with some.',
    );
  }
  const sampleInputs = samples.map((sample) => normalize(sample, normalization, dims));
  const reduceRange = options.fullRange !== true;
  const method = await searchMethod(
    quantizer,
    plan,
    methods,
    reduceRange,
    sampleInputs,
    signal,
    (done, total) => onProgress?.('searching', done, total),
  );
  const build = { method, reduceRange };
  const quantized = quantizer.build(plan, build);

  const built = variants.map((variant) => ({
    ...variant,
    model: quantizer.build(variant.plan, build).model,
  }));
  const pictures = options.evaluation ?? ((): Iterable<LabelledPlanes> => samples);
  const models = [quantized.model, ...built.map(({ model }) => model)];
  const [outputs, ...variantOutputs] = await compareOutputs(quantizer.model, models, pictures(), {
    normalization,
    dims,
    signal,
    onPicture: (done) => onProgress?.('comparing', done),
  });
  if (outputs === undefined) throw new Error('There is a comparison for every model.');
  const nodeSamples = sampleInputs.slice(0, NODE_SAMPLE_COUNT);
  const nodes = await compareNodes(quantizer.model, quantized.model, nodeSamples, signal);
  const compared = built.map((variant, index) => ({ ...variant, outputs: variantOutputs[index] }));
  const ablation = await ablateSoftmax(
    quantizer.model,
    compared,
    nodeSamples,
    speedRounds,
    signal,
    (done, total) => onProgress?.('ablation', done, total),
  );
  onProgress?.('timing', 0, speedRounds);
  const speed = await compareSpeed(quantizer.model, quantized.model, sampleInputs[0], speedRounds, signal);
  await writeOnnx(outputPath, quantized.model);
  return {
    floatPath: onnxPath,
    quantizedPath: outputPath,
    floatBytes: Math.max(
      (await stat(onnxPath)).size,
      quantizer.wasNarrow ? 0 : constantBytes(quantizer.model),
    ),
    quantizedBytes: (await stat(outputPath)).size,
    calibrationPictures,
    /** E.g. `max 0.99999`; with `(of 5 tried)` if it was searched for. */
    calibrationMethod:
      methods.length > 1 ? `${methodName(method)} (of ${methods.length} tried)` : methodName(method),
    coverage: planOptions.coverage,
    /** Whether weights use a reduced int8 range, so that sums saturate on no CPU. */
    isReducedRange: reduceRange,
    nodeCounts: quantized.nodeCounts,
    /** Whether the models were compared on calibration pictures, which gives too good figures. */
    isComparedOnCalibration: options.evaluation === undefined,
    outputs,
    /** Worst first. */
    nodes,
    ...(speed && { speed }),
    ...(ablation.length > 0 && { ablation }),
    notes: notesOn(config, quantizer),
  };
}

/** Refuses a plan without any int8 node. @throws EffvitError UNSUPPORTED */
function refuseEmptyPlan(plan: QuantizationPlan, onnxPath: string): void {
  const isFloat = ({ inputs, output }: NodePlan): boolean =>
    output === 'float' && inputs.every((precision) => precision === 'float');
  if (![...plan.values()].every(isFloat)) return;
  throw fileError(
    'UNSUPPORTED',
    onnxPath,
    'has no node that becomes int8: give a float32 model of convolutions or matrix products with constant weights, or other forms by node_info, --node or --coverage full',
  );
}

function planOptionsOf(
  { config, coverage = 'fast', overrides }: QuantizeOptions,
  quantizer: Quantizer,
): PlanOptions {
  const { graph } = quantizer.model;
  const requests = nodeRequests(config, graph);
  for (const [pattern, precision] of overrides ?? []) {
    for (const name of nodesMatching(graph, pattern)) {
      requests.set(name, { input: precision, output: precision });
    }
  }
  return { coverage, requests, modelOutput: modelOutputPrecision(config.config) };
}

/** Bytes of the constants: what a file with external data does not show in its own size. */
function constantBytes({ graph }: OnnxModel): number {
  let bytes = 0;
  for (const { data } of graph.initializers.values()) if ('byteLength' in data) bytes += data.byteLength;
  return bytes;
}

/** The calibration pictures as model inputs; the first of them are kept in `samples`. */
async function* calibrationInputs(
  { config, calibration }: QuantizeOptions,
  normalization: InputNormalization,
  dims: readonly number[],
  samples: PicturePlanes[],
): AsyncGenerator<FloatValue> {
  const valueCount = dims.reduce((a, b) => a * b, 1);
  const isSkipped = config.config.calibration_parameters.calibration_type === 'skip';
  for await (const picture of isSkipped ? noisePictures(valueCount) : calibration) {
    if (picture.planes.length !== valueCount) {
      throw new EffvitError(
        'MISMATCH',
        `The picture ${picture.source} has ${picture.planes.length} values where the model takes ${dims.join('x')}.`,
        { context: { source: picture.source } },
      );
    }
    if (samples.length < SAMPLE_COUNT) samples.push(picture);
    yield normalize(picture, normalization, dims);
  }
}

/**
 * What the user might expect of the result and does not get, one sentence each. What costs accuracy on the BPU, int8
 * residual sums, was measured, and is float in a model for CPUs.
 */
function notesOn({ config }: MakertbinFile, { wasNarrow }: Quantizer): string[] {
  const { calibration_parameters: calibration, model_parameters: model } = config;
  const notes: Readonly<Record<string, boolean>> = {
    'The model has float16 values: it was made float32 first, which is exact, and compared as such.':
      wasNarrow,
    'This model is for CPUs: neither its accuracy nor its least similar nodes are those of the BPU, which effvit compile CONFIG --eval LIST measures.': true,
    'calibration_type skip calibrates on noise: the speed is real, the accuracy is not.':
      calibration.calibration_type === 'skip',
    'per_channel has no effect: ONNX Runtime has one scale for a whole activation; weights always have one a channel.':
      calibration.per_channel,
    'output_nodes has no effect: the outputs of the ONNX model stay.': model.output_nodes.length > 0,
    'remove_node_type and remove_node_name have no effect: the ends of the ONNX model stay float32.':
      model.remove_node_type.length + model.remove_node_name.length > 0,
  };
  return Object.keys(notes).filter((note) => notes[note]);
}
