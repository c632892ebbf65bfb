import { intAttr } from '../onnx/onnxAttributes.js';
import { float32Tensor } from '../onnx/onnxTensors.js';
import type { WeightTensor } from '../weights/WeightTensor.js';
import { gatherAttentionBiases } from './attentionBiases.js';
import {
  type EfficientVitArchitecture,
  type EfficientVitStage,
  KEY_CHANNELS,
} from './EfficientVitArchitecture.js';
import { foldConv, roundLayer, tensorData } from './foldBatchNorm.js';
import { type ConvGeometry, type GraphBuilder, POINTWISE, squareConv, type Value } from './GraphBuilder.js';

/** torch.onnx numbers the operators of a module: `Split`, `Split_1` ... */
function numbered(opType: string, index: number): string {
  return index === 0 ? opType : `${opType}_${index}`;
}

/**
 * Cascaded group attention (EfficientViT, section 3.2): each head attends over its own channels plus the
 * result of the head before it. Includes the ReLU of the output projection; the caller adds the projection.
 *
 * The scale of the scores is folded into the queries' depthwise convolution, the attention biases are
 * gathered beforehand. Names are those of the torch.onnx export, so that its quantisation settings fit.
 *
 * The layout is chosen for the BPU, at no cost on a CPU: outside of convolutions, channels are innermost and pixels
 * second, and element-wise operators work on three dimensions. (A BPU treats four dimensions as NCHW and pads the last
 * one: 7 or 49 values to 128.)
 *
 * @param input [windows, width, windowPx, windowPx]
 * @param rows The leading dimension as Reshape takes it: a number, or 0 to keep what is there.
 * @returns The heads' results, concatenated and rectified: the same shape.
 */
export function cascadedGroupAttention(
  builder: GraphBuilder,
  weights: ReadonlyMap<string, WeightTensor>,
  architecture: EfficientVitArchitecture,
  stage: EfficientVitStage,
  block: number,
  input: Value,
  rows: number,
): Value {
  const path = `stages.${stage.index}.blocks.${block}.mixer.m.attn`;
  const at = `/stages/stages.${stage.index}/blocks/blocks.${block}/mixer/m/attn`;
  const { headWidth, windowPx } = stage;
  const pixels = windowPx * windowPx;
  const windows = input.shape[0] ?? null;
  const table = tensorData(weights, `${path}.attention_biases`);

  /** [windows, channels, windowPx, windowPx] to [windows, pixels, channels]. */
  const toSequence = (name: string, map: Value): Value => {
    const channels = Number(map.shape[1]);
    const last = builder.transpose(`${at}/${name}/Transpose`, map, [0, 2, 3, 1]);
    const shape = [pixels, channels];
    return builder.reshape(`${at}/${name}/Reshape`, last, [rows, ...shape], [windows, ...shape]);
  };
  /** The inverse. */
  const toMap = (name: string, sequence: Value): Value => {
    const shape = [windowPx, windowPx, Number(sequence.shape[2])];
    const last = builder.reshape(`${at}/${name}/Reshape`, sequence, [rows, ...shape], [windows, ...shape]);
    return builder.transpose(`${at}/${name}/Transpose`, last, [0, 3, 1, 2]);
  };

  const conv = (part: string, head: number, from: Value, geometry: ConvGeometry, factor = 1): Value => {
    const constant = `${path}.${part}.${head}`;
    const layer = roundLayer(foldConv(weights, constant, factor));
    return builder.conv(`${at}/${part}.${head}/conv/Conv`, from, layer, constant, geometry);
  };

  const parts = builder.split(`${at}/chunk/Split`, input, 1, new Array<number>(stage.heads).fill(headWidth));
  const results: Value[] = [];
  for (const [head, part] of parts.entries()) {
    const before = results.at(-1);
    const feature =
      before === undefined
        ? part
        : builder.elementwise('Add', `${at}/Add_${2 * head}`, part, toMap(`result.${head - 1}`, before));
    const qkv = conv('qkvs', head, feature, POINTWISE);
    const [query, key, value] = builder.split(`${at}/${numbered('Split', head)}`, qkv, 1, [
      KEY_CHANNELS,
      KEY_CHANNELS,
      headWidth,
    ]) as [Value, Value, Value];
    const kernel = squareConv(architecture.queryKernels[head] ?? 3, 1, KEY_CHANNELS);
    const q = toSequence(`query.${head}`, conv('dws', head, query, kernel, KEY_CHANNELS ** -0.5));
    const k = builder.transpose(`${at}/key.${head}/Transpose_1`, toSequence(`key.${head}`, key), [0, 2, 1]);
    const v = toSequence(`value.${head}`, value);
    const square = [windows, pixels, pixels];
    const scores = builder.node('MatMul', `${at}/${numbered('MatMul', 2 * head)}`, [q, k], square);
    const biases = gatherAttentionBiases(table.subarray(head * pixels, (head + 1) * pixels), windowPx);
    const tensor = float32Tensor([1, pixels, pixels], biases);
    const constant = builder.constant(`${path}.attention_biases.${head}`, tensor);
    const biased = builder.node('Add', `${at}/Add_${2 * head + 1}`, [scores, constant], square);
    const softmax = `${at}/${numbered('Softmax', head)}`;
    const attention = builder.node('Softmax', softmax, [biased], square, { axis: intAttr(2) });
    const product = `${at}/${numbered('MatMul', 2 * head + 1)}`;
    results.push(builder.node('MatMul', product, [attention, v], [windows, pixels, headWidth]));
  }
  const joined = builder.concat(`${at}/Concat_${5 * stage.heads}`, results, 2);
  return toMap('proj', builder.elementwise('Relu', `${at}/proj/proj.0/Relu`, joined));
}
