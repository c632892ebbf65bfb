import { intAttr } from '../onnx/OnnxModel.js';
import { float32Tensor } from '../onnx/OnnxTensor.js';
import { type EfficientVitStage, KEY_CHANNELS } from './EfficientVitArchitecture.js';
import { tensorData } from './foldBatchNorm.js';
import { type GraphBuilder, POINTWISE, scopeOf, squareConv, type Value } from './GraphBuilder.js';

/**
 * The branch of attention within the stage's windows.
 *
 * @param path of the mixer in the state_dict
 * @param input [batch, width, sidePx, sidePx]; the result has the same shape
 */
export function attentionMixer(
  builder: GraphBuilder,
  stage: EfficientVitStage,
  path: string,
  input: Value,
): Value {
  const at = `${scopeOf(path)}/m`;
  const perSide = stage.sidePx / stage.windowPx;
  // The windows are put together before the projection, which works pixel by pixel and so is the same
  // on either side; behind it, the sum with the input joins two values of one layout.
  const attended =
    perSide === 1
      ? cascadedGroupAttention(builder, stage, `${path}.m.attn`, input)
      : inWindows(builder, at, perSide, input, (windows) =>
          cascadedGroupAttention(builder, stage, `${path}.m.attn`, windows),
        );
  return builder.convNorm(`${path}.m.attn.proj.1`, attended, POINTWISE);
}

/**
 * Cuts [batch, C, H, W] into perSide ** 2 windows [windows * batch, C, windowPx, windowPx] (the batch's first windows,
 * then its second ones, in reading order), and puts together what `attend` makes of them.
 *
 * Uses Split and Concat of whole windows. A Reshape to six dimensions with a Transpose needs fewer nodes, but its
 * innermost dimension is the window's width, which a BPU pads to a multiple.
 */
function inWindows(
  builder: GraphBuilder,
  at: string,
  perSide: number,
  input: Value,
  attend: (windows: Value) => Value,
): Value {
  const [batch = null, , sidePx] = input.shape;
  const lengths = new Array<number>(perSide).fill(Number(sidePx) / perSide);
  const cutRows = builder.split(`${at}/partition/Split`, input, 2, lengths);
  const cut = cutRows.flatMap((row, index) =>
    builder.split(`${at}/partition/Split_${index + 1}`, row, 3, lengths),
  );
  const total = typeof batch === 'number' ? undefined : 'windows';
  const attended = attend(builder.concat(`${at}/partition/Concat`, cut, 0, total));
  const windows = builder.split(`${at}/merge/Split`, attended, 0, new Array(perSide ** 2).fill(batch));
  const rows = cutRows.map((_, row) =>
    builder.concat(`${at}/merge/Concat_${row}`, windows.slice(row * perSide, (row + 1) * perSide), 3),
  );
  return builder.concat(`${at}/merge/Concat_${perSide}`, rows, 2);
}

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
 * @returns The heads' results, concatenated and rectified: the same shape.
 */
function cascadedGroupAttention(
  builder: GraphBuilder,
  { heads, headWidth, queryKernels, windowPx }: EfficientVitStage,
  path: string,
  input: Value,
): Value {
  const at = scopeOf(path);
  const pixels = windowPx * windowPx;
  const [windows = null] = input.shape;
  // The leading dimension as Reshape takes it; 0 keeps what is there.
  const rows = typeof windows === 'number' ? windows : 0;
  const table = tensorData(builder.weights, `${path}.attention_biases`);

  /** [windows, channels, windowPx, windowPx] to [windows, pixels, channels]. */
  const toSequence = (name: string, map: Value): Value => {
    const shape = [pixels, Number(map.shape[1])];
    const last = builder.transpose(`${at}/${name}/Transpose`, map, [0, 2, 3, 1]);
    return builder.reshape(`${at}/${name}/Reshape`, last, [rows, ...shape], [windows, ...shape]);
  };
  /** The inverse. */
  const toMap = (name: string, sequence: Value): Value => {
    const shape = [windowPx, windowPx, Number(sequence.shape[2])];
    const last = builder.reshape(`${at}/${name}/Reshape`, sequence, [rows, ...shape], [windows, ...shape]);
    return builder.transpose(`${at}/${name}/Transpose`, last, [0, 3, 1, 2]);
  };

  const parts = builder.split(`${at}/chunk/Split`, input, 1, new Array<number>(heads).fill(headWidth));
  const results: Value[] = [];
  for (const [head, part] of parts.entries()) {
    const before = results.at(-1);
    const feature =
      before === undefined
        ? part
        : builder.elementwise('Add', `${at}/Add_${2 * head}`, part, toMap(`result.${head - 1}`, before));
    const qkv = builder.convNorm(`${path}.qkvs.${head}`, feature, POINTWISE);
    const lengths = [KEY_CHANNELS, KEY_CHANNELS, headWidth];
    const split = builder.split(`${at}/${numbered('Split', head)}`, qkv, 1, lengths);
    const [query, key, value] = split as [Value, Value, Value];
    const kernel = squareConv(queryKernels[head] ?? 3, 1, KEY_CHANNELS);
    const mixed = builder.convNorm(`${path}.dws.${head}`, query, kernel, KEY_CHANNELS ** -0.5);
    const q = toSequence(`query.${head}`, mixed);
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
  const joined = builder.concat(`${at}/Concat_${5 * heads}`, results, 2);
  return toMap('proj', builder.elementwise('Relu', `${at}/proj/proj.0/Relu`, joined));
}

/**
 * Expands one head's attention biases: all pairs of pixels of a window with the same offset share one bias.
 *
 * Offsets |dy|, |dx| are numbered in the order of first occurrence over all pairs (row-major, first pixel outer), as in
 * the model's training code.
 *
 * @param table One head's biases, by offset number: windowPx ** 2 values.
 * @returns [N, N] row-major, N = windowPx ** 2: query pixel, key pixel.
 */
export function gatherAttentionBiases(table: Float32Array, windowPx: number): Float32Array {
  const pixels = windowPx * windowPx;
  const gathered = new Float32Array(pixels * pixels);
  for (let query = 0; query < pixels; query++) {
    const queryRow = Math.floor(query / windowPx);
    const queryColumn = query % windowPx;
    for (let key = 0; key < pixels; key++) {
      const rows = Math.abs(queryRow - Math.floor(key / windowPx));
      const columns = Math.abs(queryColumn - (key % windowPx));
      gathered[query * pixels + key] = table[rows * windowPx + columns] as number;
    }
  }
  return gathered;
}
