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
import { type GraphBuilder, POINTWISE, squareConv, type Value } from './GraphBuilder.js';

/** torch.onnx counts equal operators of a module: `Split`, `Split_1` ... */
function numbered(opType: string, index: number): string {
  return index === 0 ? opType : `${opType}_${index}`;
}

/**
 * Cascaded group attention (EfficientViT, section 3.2): each head attends over its own channels plus the
 * result of the head before it.
 *
 * The scale of the scores is folded into the queries' depthwise convolution, the attention biases are
 * gathered beforehand. Names are those of the torch.onnx export, so that its quantisation settings fit.
 *
 * @param input [windows, width, windowPx, windowPx]
 * @param rows The leading dimension as Reshape takes it: a number, or 0 to keep what is there.
 * @returns The heads' results, concatenated: the same shape. The output projection is left to the caller.
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
  const parts = builder.split(`${at}/chunk/Split`, input, 1, new Array<number>(stage.heads).fill(headWidth));
  const results: Value[] = [];
  for (const [head, part] of parts.entries()) {
    const before = results.at(-1);
    const feature =
      before === undefined ? part : builder.elementwise('Add', `${at}/Add_${2 * head}`, before, part);
    const qkv = builder.conv(
      `${at}/qkvs.${head}/conv/Conv`,
      feature,
      roundLayer(foldConv(weights, `${path}.qkvs.${head}`)),
      `${path}.qkvs.${head}`,
      POINTWISE,
    );
    const [query, key, value] = builder.split(`${at}/${numbered('Split', head)}`, qkv, 1, [
      KEY_CHANNELS,
      KEY_CHANNELS,
      headWidth,
    ]) as [Value, Value, Value];
    const mixed = builder.conv(
      `${at}/dws.${head}/conv/Conv`,
      query,
      roundLayer(foldConv(weights, `${path}.dws.${head}`, KEY_CHANNELS ** -0.5)),
      `${path}.dws.${head}`,
      squareConv(architecture.queryKernels[head] ?? 3, 1, KEY_CHANNELS),
    );
    const flatten = (of: Value, channels: number, number: number): Value =>
      builder.reshape(
        `${at}/Reshape_${5 * head + number}`,
        of,
        [rows, channels, pixels],
        [windows, channels, pixels],
      );
    const q = flatten(mixed, KEY_CHANNELS, 1);
    const k = flatten(key, KEY_CHANNELS, 2);
    const v = flatten(value, headWidth, 3);
    const scores = builder.node(
      'MatMul',
      `${at}/${numbered('MatMul', 2 * head)}`,
      [builder.transpose(`${at}/${numbered('Transpose', 2 * head)}`, q, [0, 2, 1]).name, k.name],
      [windows, pixels, pixels],
    );
    const biases = gatherAttentionBiases(table.subarray(head * pixels, (head + 1) * pixels), windowPx);
    const biased = builder.node(
      'Add',
      `${at}/Add_${2 * head + 1}`,
      [
        scores.name,
        builder.constant(`${path}.attention_biases.${head}`, float32Tensor([1, pixels, pixels], biases)),
      ],
      scores.shape,
    );
    const attention = builder.node(
      'Softmax',
      `${at}/${numbered('Softmax', head)}`,
      [biased.name],
      scores.shape,
      {
        axis: intAttr(2),
      },
    );
    const weighted = builder.node(
      'MatMul',
      `${at}/${numbered('MatMul', 2 * head + 1)}`,
      [v.name, builder.transpose(`${at}/Transpose_${2 * head + 1}`, attention, [0, 2, 1]).name],
      [windows, headWidth, pixels],
    );
    results.push(
      builder.reshape(
        `${at}/Reshape_${5 * head + 4}`,
        weighted,
        [rows, headWidth, windowPx, windowPx],
        [windows, headWidth, windowPx, windowPx],
      ),
    );
  }
  return builder.node(
    'Concat',
    `${at}/Concat_${5 * stage.heads}`,
    results.map((result) => result.name),
    input.shape,
    { axis: intAttr(1) },
  );
}
