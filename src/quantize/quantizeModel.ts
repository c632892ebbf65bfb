import { stat } from 'node:fs/promises';
import { EffvitError, fileError } from '../core/EffvitError.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { readOnnx } from '../onnx/readOnnx.js';
import { writeOnnx } from '../onnx/serializeOnnx.js';
import { ablateSoftmax, softmaxVariants } from './ablateSoftmax.js';
import { methodName, rangeMethods } from './calibrationMethod.js';
import { compareNodes } from './compareNodes.js';
import { compareOutputs } from './compareOutputs.js';
import { compareSpeed } from './compareSpeed.js';
import { type InputNormalization, inputNormalization, normalize } from './InputNormalization.js';
import type { NodePlan, QuantizationPlan } from './NodePlan.js';
import { modelOutputPrecision, nodeRequests } from './nodeRequests.js';
import { nodesMatching } from './nodesMatching.js';
import { noisePictures } from './noisePictures.js';
import type { FloatValue } from './OrtRunner.js';
import type { LabelledPlanes, PicturePlanes } from './PicturePlanes.js';
import type { PlanOptions } from './planNodes.js';
import { inputDims } from './probeFloatValues.js';
import type { QuantizeOptions } from './QuantizeOptions.js';
import type { QuantizeReport } from './QuantizeReport.js';
import { Quantizer } from './Quantizer.js';
import type { MakertbinFile } from './readMakertbinConfig.js';
import { searchMethod } from './searchMethod.js';

/** Calibration pictures that are kept to search, to compare node by node and to time with. */
const SAMPLE_COUNT = 16;

/** Of the samples, those that all values of both models are compared on: memory for each is some 100 MB. */
const NODE_SAMPLE_COUNT = 4;

/**
 * Quantises a float ONNX classifier to int8 (QDQ), writes it and compares it with the float model.
 *
 * @throws EffvitError BAD_CONFIG, BAD_MODEL, BAD_WEIGHTS, MISMATCH, NOT_FOUND, UNSUPPORTED, CANCELLED,
 *   IO_FAILED; the file is written whole or not at all
 */
export async function quantizeModel(options: QuantizeOptions): Promise<QuantizeReport> {
  const { config, onnxPath, outputPath, signal, onProgress } = options;
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
  const rounds = options.speedRounds ?? 60;
  const compared = built.map((variant, index) => ({ ...variant, outputs: variantOutputs[index] }));
  const ablation = await ablateSoftmax(quantizer.model, compared, nodeSamples, {
    signal,
    speedRounds: rounds,
    onVariant: (done, total) => onProgress?.('ablation', done, total),
  });
  onProgress?.('timing', 0, rounds);
  const [sample] = sampleInputs;
  const speed =
    rounds === 0 || sample === undefined
      ? undefined
      : await compareSpeed(quantizer.model, quantized.model, sample, rounds, signal);
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
    calibrationMethod:
      methods.length > 1 ? `${methodName(method)} (of ${methods.length} tried)` : methodName(method),
    coverage: planOptions.coverage,
    isReducedRange: reduceRange,
    nodeCounts: quantized.nodeCounts,
    isComparedOnCalibration: options.evaluation === undefined,
    outputs,
    nodes,
    ...(speed && { speed }),
    ...(ablation.length > 0 && { ablation }),
    notes: [
      ...(quantizer.wasNarrow
        ? ['The model has float16 values: it was made float32 first, which is exact, and compared as such.']
        : []),
      ...notesOn(config),
    ],
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

/** Measured: what costs accuracy on the BPU, int8 residual sums, is float in a model for CPUs. */
const NOT_THE_BPU =
  'This model is for CPUs: neither its accuracy nor its least similar nodes are those of the BPU, which effvit compile CONFIG --eval LIST measures.';

/** Keys that the vendor's compiler follows and this quantiser cannot. */
function notesOn({ config }: MakertbinFile): string[] {
  const notes = [NOT_THE_BPU];
  if (config.calibration_parameters.calibration_type === 'skip') {
    notes.push('calibration_type skip calibrates on noise: the speed is real, the accuracy is not.');
  }
  if (config.calibration_parameters.per_channel) {
    notes.push(
      'per_channel has no effect: ONNX Runtime has one scale for a whole activation; weights always have one a channel.',
    );
  }
  if (config.model_parameters.output_nodes.length > 0) {
    notes.push('output_nodes has no effect: the outputs of the ONNX model stay.');
  }
  if (config.model_parameters.remove_node_type.length + config.model_parameters.remove_node_name.length > 0) {
    notes.push(
      'remove_node_type and remove_node_name have no effect: the ends of the ONNX model stay float32.',
    );
  }
  return notes;
}
