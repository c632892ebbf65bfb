import { EffvitError } from '../core/EffvitError.js';
import { IMAGENET_MEAN, IMAGENET_SCALE } from '../model/imagenetNormalisation.js';
import { EFFICIENTVIT_VARIANTS, type EfficientVitVariant } from '../model/ModelManifest.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { intAttr } from '../onnx/onnxAttributes.js';
import type { WeightTensor } from '../weights/WeightTensor.js';
import { cascadedGroupAttention } from './cascadedGroupAttention.js';
import { checkWeights } from './checkWeights.js';
import {
  EFFICIENTVIT_ARCHITECTURES,
  type EfficientVitArchitecture,
  type EfficientVitStage,
  INPUT_SIDE_PX,
  stagesOf,
} from './EfficientVitArchitecture.js';
import { foldConv, foldLinear, roundLayer, tensorData } from './foldBatchNorm.js';
import { type ConvGeometry, GraphBuilder, POINTWISE, squareConv, type Value } from './GraphBuilder.js';
import { addNv12Stem, type Nv12Normalisation } from './nv12Stem.js';
import { ResidualSum } from './ResidualSum.js';
import { toTimmNames } from './timmNames.js';
import { mergeWindows, partitionWindows, type Windows } from './windowPartition.js';

/** Operator set versions that can be written, with the IR version of each. */
const IR_VERSION_OF_OPSET = { 11: 6, 13: 7, 17: 8 } as const;

export type EfficientVitOpset = keyof typeof IR_VERSION_OF_OPSET;

export const EFFICIENTVIT_OPSETS = [11, 13, 17] as const satisfies readonly EfficientVitOpset[];

export interface BuildEfficientVitOptions {
  readonly variant: EfficientVitVariant;
  /** A state_dict of timm or of MSRA's own code, with or without a wrapper's prefix. */
  readonly weights: ReadonlyMap<string, WeightTensor>;
  /** Expected class count of the head; null (the default) accepts any. */
  readonly classCount?: number | null;
  /** Default 11, which all runtimes and vendor toolchains read. */
  readonly opset?: EfficientVitOpset;
  /** Pictures a run, 1 to 1024, or `dynamic`. Default 1. */
  readonly batch?: number | 'dynamic';
  /**
   * `rgb` (the default): float32 [batch, 3, 224, 224], normalised. `nv12`: uint8 [batch, 1, 336, 224], the bytes
   * of an NV12 picture in memory (224 rows of Y, 112 rows of U, V pairs).
   */
  readonly input?: 'rgb' | 'nv12';
  /** For `nv12`; default full range and ImageNet's mean and scale. */
  readonly normalisation?: Partial<Nv12Normalisation>;
  /** Name of the weights in error messages; a file's path. */
  readonly place?: string;
}

/** State of one build, shared by its parts. */
interface Build {
  readonly builder: GraphBuilder;
  readonly weights: ReadonlyMap<string, WeightTensor>;
  readonly architecture: EfficientVitArchitecture;
  /** The batch as Reshape takes it: a number, or 0 for dynamic. */
  readonly batchRows: number;
}

/**
 * The ONNX graph of an EfficientViT (M0 to M5) at 224x224 from timm's weights: batch norms folded into the
 * layers around them (float64, rounded once), attention biases gathered, all shapes static but the batch.
 * Input `data`, output `output` [batch, classes] (logits).
 *
 * @throws EffvitError BAD_ARGUMENT, OUT_OF_RANGE; BAD_WEIGHTS with a list of all wrong tensors
 */
export function buildEfficientVit(options: BuildEfficientVitOptions): OnnxModel {
  const { variant, opset = 11, batch = 1, input = 'rgb' } = options;
  if (!EFFICIENTVIT_VARIANTS.includes(variant)) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `Expected one of ${EFFICIENTVIT_VARIANTS.join(', ')} for the variant but received ${JSON.stringify(variant)}.`,
    );
  }
  if (!Object.hasOwn(IR_VERSION_OF_OPSET, opset)) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `Expected one of ${EFFICIENTVIT_OPSETS.join(', ')} for opset but received ${opset}.`,
    );
  }
  if (batch !== 'dynamic' && !(Number.isInteger(batch) && batch >= 1 && batch <= 1024)) {
    throw new EffvitError('OUT_OF_RANGE', `Expected 1 to 1024 or dynamic for batch but received ${batch}.`);
  }
  const architecture = EFFICIENTVIT_ARCHITECTURES[variant];
  const weights = toTimmNames(options.weights);
  checkWeights(weights, architecture, options.classCount ?? null, options.place ?? 'The state_dict');

  const builder = new GraphBuilder(`efficientvit_${variant}`, opset);
  const build: Build = { builder, weights, architecture, batchRows: batch === 'dynamic' ? 0 : batch };
  let value = addPatchEmbedding(build, input, batch === 'dynamic' ? 'N' : batch, options.normalisation ?? {});
  for (const stage of stagesOf(architecture)) {
    if (stage.widthBefore !== null) value = addDownsampling(build, stage, value);
    value = addBlocks(build, stage, value);
  }
  addHead(build, value);
  return {
    irVersion: IR_VERSION_OF_OPSET[opset],
    producerName: 'effvit',
    producerVersion: '',
    domain: '',
    modelVersion: 0,
    docString: '',
    opsets: [{ domain: '', version: opset }],
    metadata: new Map(),
    graph: builder.graph,
    opaque: {},
  };
}

/** A convolution with its batch norm; `path` is the module's in the state_dict, `at` its name in the graph. */
function addConv(build: Build, at: string, path: string, input: Value, geometry: ConvGeometry): Value {
  const layer = roundLayer(foldConv(build.weights, path));
  return build.builder.conv(`${at}/conv/Conv`, input, layer, path, geometry);
}

function addPatchEmbedding(
  build: Build,
  input: 'rgb' | 'nv12',
  batch: number | 'N',
  normalisation: Partial<Nv12Normalisation>,
): Value {
  const { builder, weights } = build;
  const side = INPUT_SIDE_PX;
  let value: Value;
  if (input === 'nv12') {
    const filled = { range: 'full', mean: IMAGENET_MEAN, scale: IMAGENET_SCALE, ...normalisation } as const;
    const layer = foldConv(weights, 'patch_embed.conv1');
    value = addNv12Stem(builder, batch, layer, filled, '/patch_embed/conv1/conv/Conv', 'patch_embed.conv1');
  } else {
    const picture = builder.input({ name: 'data', dataType: 'float32', shape: [batch, 3, side, side] });
    value = addConv(build, '/patch_embed/conv1', 'patch_embed.conv1', picture, squareConv(3, 2, 1));
  }
  for (const index of [2, 3, 4]) {
    value = builder.elementwise('Relu', `/patch_embed/relu${index - 1}/Relu`, value);
    const name = `conv${index}`;
    value = addConv(build, `/patch_embed/${name}`, `patch_embed.${name}`, value, squareConv(3, 2, 1));
  }
  return value;
}

/** The depthwise 3x3 convolution of a residual branch. */
function addDepthwise(build: Build, at: string, path: string, input: Value): Value {
  return addConv(build, `${at}/m`, `${path}.m`, input, squareConv(3, 1, Number(input.shape[1])));
}

/** The branch pw2(relu(pw1(x))). */
function addFeedForward(build: Build, at: string, path: string, input: Value): Value {
  const wide = addConv(build, `${at}/m/pw1`, `${path}.m.pw1`, input, POINTWISE);
  const active = build.builder.elementwise('Relu', `${at}/m/act/Relu`, wide);
  return addConv(build, `${at}/m/pw2`, `${path}.m.pw2`, active, POINTWISE);
}

/** x + depthwise(x), then the same with the feed-forward branch. */
function addResidualPair(build: Build, at: string, path: string, input: Value): Value {
  const { builder } = build;
  const mixed = addDepthwise(build, `${at}.0`, `${path}.0`, input);
  const sum = builder.elementwise('Add', `${at}.0/Add`, input, mixed);
  const narrow = addFeedForward(build, `${at}.1`, `${path}.1`, sum);
  return builder.elementwise('Add', `${at}.1/Add`, sum, narrow);
}

/** Halves the side: an inverted residual with squeeze-and-excitation between two residual pairs. */
function addDownsampling(build: Build, stage: EfficientVitStage, input: Value): Value {
  const { builder, weights } = build;
  const at = `/stages/stages.${stage.index}/downsample`;
  const path = `stages.${stage.index}.downsample`;
  const merge = `${at}/patchmerge`;
  let value = addResidualPair(build, `${at}/res1/res1`, `${path}.res1`, input);
  value = addConv(build, `${merge}/conv1`, `${path}.patchmerge.conv1`, value, POINTWISE);
  value = builder.elementwise('Relu', `${merge}/act/Relu`, value);
  const channels = Number(value.shape[1]);
  value = addConv(build, `${merge}/conv2`, `${path}.patchmerge.conv2`, value, squareConv(3, 2, channels));
  value = builder.elementwise('Relu', `${merge}/act_1/Relu`, value);

  const gate = (name: string, from: Value): Value => {
    const constantName = `${path}.patchmerge.se.${name}`;
    const layer = {
      weight: tensorData(weights, `${constantName}.weight`),
      bias: tensorData(weights, `${constantName}.bias`),
    };
    return builder.conv(`${merge}/se/${name}/Conv`, from, layer, constantName, POINTWISE);
  };
  const [batch = null] = value.shape;
  // The torch.onnx export has a ReduceMean here. This computes the same mean, and runtimes keep their blocked layout.
  const pool = `${merge}/se/GlobalAveragePool`;
  const mean = builder.node('GlobalAveragePool', pool, [value], [batch, channels, 1, 1]);
  const squeezed = builder.elementwise('Relu', `${merge}/se/act/Relu`, gate('fc1', mean));
  const factors = builder.elementwise('Sigmoid', `${merge}/se/gate/Sigmoid`, gate('fc2', squeezed));
  value = builder.elementwise('Mul', `${merge}/se/Mul`, value, factors);

  value = addConv(build, `${merge}/conv3`, `${path}.patchmerge.conv3`, value, POINTWISE);
  return addResidualPair(build, `${at}/res2/res2`, `${path}.res2`, value);
}

function addBlocks(build: Build, stage: EfficientVitStage, input: Value): Value {
  const sum = new ResidualSum(build.builder, input);
  for (let block = 0; block < stage.depth; block++) {
    const at = `/stages/stages.${stage.index}/blocks/blocks.${block}`;
    const path = `stages.${stage.index}.blocks.${block}`;
    sum.add(`${at}/dw0`, addDepthwise(build, `${at}/dw0`, `${path}.dw0`, sum.value));
    sum.add(`${at}/ffn0`, addFeedForward(build, `${at}/ffn0`, `${path}.ffn0`, sum.value));
    sum.add(`${at}/mixer`, addMixer(build, stage, block, sum.value));
    sum.add(`${at}/dw1`, addDepthwise(build, `${at}/dw1`, `${path}.dw1`, sum.value));
    sum.add(`${at}/ffn1`, addFeedForward(build, `${at}/ffn1`, `${path}.ffn1`, sum.value));
  }
  return sum.value;
}

/** The branch of attention within windows. */
function addMixer(build: Build, stage: EfficientVitStage, block: number, input: Value): Value {
  const { builder, weights, architecture, batchRows } = build;
  const at = `/stages/stages.${stage.index}/blocks/blocks.${block}/mixer`;
  const path = `stages.${stage.index}.blocks.${block}.mixer.m.attn.proj.1`;
  const perSide = stage.sidePx / stage.windowPx;
  const windows: Windows = { perSide, windowPx: stage.windowPx };
  const attend = (cut: Value, rows: number): Value =>
    cascadedGroupAttention(builder, weights, architecture, stage, block, cut, rows);
  let value: Value;
  if (perSide === 1) value = attend(input, batchRows);
  else {
    const cut = partitionWindows(builder, `${at}/m`, input, windows);
    // The windows are put together before the projection, which works pixel by pixel and so is the same
    // on either side; behind it, the sum with the input joins two values of one layout.
    const attended = attend(cut, batchRows * perSide ** 2);
    value = mergeWindows(builder, `${at}/m`, attended, windows, input.shape[0] ?? null);
  }
  return addConv(build, `${at}/m/attn/proj/proj.1`, path, value, POINTWISE);
}

function addHead(build: Build, input: Value): void {
  const { builder, weights } = build;
  const [batch = null, channels = null] = input.shape;
  const pool = '/global_pool/pool/GlobalAveragePool';
  const pooled = builder.node('GlobalAveragePool', pool, [input], [batch, channels, 1, 1]);
  const flatten = '/global_pool/flatten/Flatten';
  const flat = builder.node('Flatten', flatten, [pooled], [batch, channels], { axis: intAttr(1) });
  const layer = foldLinear(weights, 'head.bn', 'head.linear');
  builder.output(builder.gemm('/head/linear/Gemm', flat, layer, 'head.linear'), 'output');
}
