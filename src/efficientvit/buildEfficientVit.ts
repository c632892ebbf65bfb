import { EffvitError } from '../core/EffvitError.js';
import { IMAGENET_MEAN, IMAGENET_SCALE } from '../model/defaultManifest.js';
import { EFFICIENTVIT_VARIANTS, type EfficientVitVariant } from '../model/manifestValues.js';
import { intAttr, type OnnxModel } from '../onnx/OnnxModel.js';
import type { WeightTensor } from '../weights/WeightTensor.js';
import { attentionMixer } from './attentionMixer.js';
import { checkWeights, toTimmNames } from './checkWeights.js';
import {
  EFFICIENTVIT_ARCHITECTURES,
  type EfficientVitStage,
  INPUT_SIDE_PX,
  stagesOf,
} from './EfficientVitArchitecture.js';
import { foldConv, foldLinear, tensorData } from './foldBatchNorm.js';
import { GraphBuilder, POINTWISE, ResidualSum, scopeOf, squareConv, type Value } from './GraphBuilder.js';
import { addNv12Stem, type Nv12Normalisation } from './nv12Stem.js';

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

  const builder = new GraphBuilder(`efficientvit_${variant}`, opset, weights);
  let value = addPatchEmbedding(builder, input, batch === 'dynamic' ? 'N' : batch, options.normalisation);
  for (const stage of stagesOf(architecture)) {
    if (stage.widthBefore !== null)
      value = addDownsampling(builder, `stages.${stage.index}.downsample`, value);
    value = addBlocks(builder, stage, value);
  }
  addHead(builder, value);
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

function addPatchEmbedding(
  builder: GraphBuilder,
  input: 'rgb' | 'nv12',
  batch: number | 'N',
  normalisation: Partial<Nv12Normalisation> = {},
): Value {
  let value: Value;
  const path = 'patch_embed.conv1';
  if (input === 'nv12') {
    const filled = { range: 'full', mean: IMAGENET_MEAN, scale: IMAGENET_SCALE, ...normalisation } as const;
    value = addNv12Stem(builder, batch, foldConv(builder.weights, path), filled, path);
  } else {
    const shape = [batch, 3, INPUT_SIDE_PX, INPUT_SIDE_PX];
    const picture = builder.input({ name: 'data', dataType: 'float32', shape });
    value = builder.convNorm(path, picture, squareConv(3, 2, 1));
  }
  for (const index of [2, 3, 4]) {
    value = builder.elementwise('Relu', `/patch_embed/relu${index - 1}/Relu`, value);
    value = builder.convNorm(`patch_embed.conv${index}`, value, squareConv(3, 2, 1));
  }
  return value;
}

/** The depthwise 3x3 convolution of a residual branch. */
function depthwise(builder: GraphBuilder, path: string, input: Value): Value {
  return builder.convNorm(`${path}.m`, input, squareConv(3, 1, Number(input.shape[1])));
}

/** The branch pw2(relu(pw1(x))). */
function feedForward(builder: GraphBuilder, path: string, input: Value): Value {
  const wide = builder.convNorm(`${path}.m.pw1`, input, POINTWISE);
  const active = builder.elementwise('Relu', `${scopeOf(path)}/m/act/Relu`, wide);
  return builder.convNorm(`${path}.m.pw2`, active, POINTWISE);
}

/** x + depthwise(x), then the same with the feed-forward branch. */
function addResidualPair(builder: GraphBuilder, path: string, input: Value): Value {
  const at = scopeOf(`${path}.0`);
  const sum = builder.elementwise('Add', `${at}/Add`, input, depthwise(builder, `${path}.0`, input));
  const narrow = feedForward(builder, `${path}.1`, sum);
  return builder.elementwise('Add', `${scopeOf(`${path}.1`)}/Add`, sum, narrow);
}

/** Halves the side: an inverted residual with squeeze-and-excitation between two residual pairs. */
function addDownsampling(builder: GraphBuilder, path: string, input: Value): Value {
  const merge = `${path}.patchmerge`;
  const at = scopeOf(merge);
  let value = addResidualPair(builder, `${path}.res1`, input);
  value = builder.convNorm(`${merge}.conv1`, value, POINTWISE);
  value = builder.elementwise('Relu', `${at}/act/Relu`, value);
  const channels = Number(value.shape[1]);
  value = builder.convNorm(`${merge}.conv2`, value, squareConv(3, 2, channels));
  value = builder.elementwise('Relu', `${at}/act_1/Relu`, value);

  const gate = (name: string, from: Value): Value => {
    const constantName = `${merge}.se.${name}`;
    const weight = tensorData(builder.weights, `${constantName}.weight`);
    const bias = tensorData(builder.weights, `${constantName}.bias`);
    return builder.conv(`${at}/se/${name}/Conv`, from, { weight, bias }, constantName, POINTWISE);
  };
  const [batch = null] = value.shape;
  // The torch.onnx export has a ReduceMean here. This computes the same mean, and runtimes keep their blocked layout.
  const pool = `${at}/se/GlobalAveragePool`;
  const mean = builder.node('GlobalAveragePool', pool, [value], [batch, channels, 1, 1]);
  const squeezed = builder.elementwise('Relu', `${at}/se/act/Relu`, gate('fc1', mean));
  const factors = builder.elementwise('Sigmoid', `${at}/se/gate/Sigmoid`, gate('fc2', squeezed));
  value = builder.elementwise('Mul', `${at}/se/Mul`, value, factors);

  value = builder.convNorm(`${merge}.conv3`, value, POINTWISE);
  return addResidualPair(builder, `${path}.res2`, value);
}

function addBlocks(builder: GraphBuilder, stage: EfficientVitStage, input: Value): Value {
  const sum = new ResidualSum(builder, input);
  const mixer = (_: GraphBuilder, path: string, value: Value): Value =>
    attentionMixer(builder, stage, path, value);
  const branches = { dw0: depthwise, ffn0: feedForward, mixer, dw1: depthwise, ffn1: feedForward };
  for (let block = 0; block < stage.depth; block++) {
    for (const [name, branch] of Object.entries(branches)) {
      const path = `stages.${stage.index}.blocks.${block}.${name}`;
      sum.add(scopeOf(path), branch(builder, path, sum.value));
    }
  }
  return sum.value;
}

function addHead(builder: GraphBuilder, input: Value): void {
  const [batch = null, channels = null] = input.shape;
  const pool = '/global_pool/pool/GlobalAveragePool';
  const pooled = builder.node('GlobalAveragePool', pool, [input], [batch, channels, 1, 1]);
  const flatten = '/global_pool/flatten/Flatten';
  const flat = builder.node('Flatten', flatten, [pooled], [batch, channels], { axis: intAttr(1) });
  const layer = foldLinear(builder.weights, 'head.bn', 'head.linear');
  builder.output(builder.gemm('/head/linear/Gemm', flat, layer, 'head.linear'), 'output');
}
