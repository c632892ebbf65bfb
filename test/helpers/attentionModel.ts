import {
  emptyGraph,
  floatAttr,
  intAttr,
  intsAttr,
  makeNode,
  type OnnxModel,
} from '../../src/onnx/OnnxModel.js';
import { float32Tensor, int64Vector } from '../../src/onnx/OnnxTensor.js';

/** A generator that gives the same values everywhere: what it is seeded with decides them. */
export function seededValues(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/**
 * A classifier of four classes for 16x16 pictures with one of everything that the quantiser treats in a way of
 * its own: convolutions (one depthwise), rectifiers, a residual sum, a split, attention with a softmax, a
 * pooling and a Gemm. Opset 11, as the zoo's export has it.
 */
export function attentionModel(seed = 1): OnnxModel {
  const graph = emptyGraph('attention');
  const next = seededValues(seed);
  const weights = (name: string, dims: readonly number[], gain: number): string => {
    const count = dims.reduce((a, b) => a * b, 1);
    graph.initializers.set(
      name,
      float32Tensor(
        dims,
        Float32Array.from({ length: count }, () => gain * next()),
      ),
    );
    return name;
  };
  const shape = (name: string, values: readonly number[]): string => {
    graph.initializers.set(name, int64Vector(values));
    return name;
  };
  graph.inputs.push({ name: 'data', dataType: 'float32', shape: [1, 3, 16, 16] });
  graph.outputs.push({ name: 'output', dataType: 'float32', shape: [1, 4] });
  const conv = (
    name: string,
    input: string,
    dims: readonly number[],
    group: number,
    stride: number,
  ): void => {
    const padding = (dims[2] ?? 1) >> 1;
    graph.nodes.push(
      makeNode(
        'Conv',
        name,
        [input, weights(`${name}.weight`, dims, 0.6), weights(`${name}.bias`, [dims[0] ?? 1], 0.2)],
        [name],
        {
          group: intAttr(group),
          strides: intsAttr([stride, stride]),
          pads: intsAttr([padding, padding, padding, padding]),
        },
      ),
    );
  };
  const add = (opType: string, name: string, inputs: string[], outputs = [name], attributes = {}): void => {
    graph.nodes.push(makeNode(opType, name, inputs, outputs, attributes));
  };
  conv('stem', 'data', [12, 3, 3, 3], 1, 2);
  add('Relu', 'stem_relu', ['stem']);
  conv('depthwise', 'stem_relu', [12, 1, 3, 3], 12, 1);
  add('Add', 'residual', ['stem_relu', 'depthwise']);
  conv('qkv', 'residual', [12, 12, 1, 1], 1, 1);
  add('Split', 'split', ['qkv'], ['q', 'k', 'v'], { axis: intAttr(1), split: intsAttr([4, 4, 4]) });
  for (const name of ['q', 'k', 'v'])
    add('Reshape', `${name}_flat`, [name, shape(`${name}_shape`, [1, 4, 64])]);
  add('Transpose', 'q_rows', ['q_flat'], ['q_rows'], { perm: intsAttr([0, 2, 1]) });
  add('MatMul', 'scores', ['q_rows', 'k_flat']);
  add('Softmax', 'softmax', ['scores'], ['softmax'], { axis: intAttr(2) });
  add('Transpose', 'softmax_columns', ['softmax'], ['softmax_columns'], { perm: intsAttr([0, 2, 1]) });
  add('MatMul', 'mixed', ['v_flat', 'softmax_columns']);
  add('Reshape', 'mixed_map', ['mixed', shape('map_shape', [1, 4, 8, 8])]);
  add('Relu', 'mixed_relu', ['mixed_map']);
  conv('projection', 'mixed_relu', [12, 4, 1, 1], 1, 1);
  add('Add', 'sum', ['projection', 'residual']);
  add('GlobalAveragePool', 'pool', ['sum']);
  add('Flatten', 'flat', ['pool']);
  add(
    'Gemm',
    'head',
    ['flat', weights('head.weight', [4, 12], 1), weights('head.bias', [4], 0.1)],
    ['output'],
    { transB: intAttr(1), alpha: floatAttr(1) },
  );
  return {
    irVersion: 6,
    producerName: 'test',
    producerVersion: '',
    domain: '',
    modelVersion: 0,
    docString: '',
    opsets: [{ domain: '', version: 11 }],
    metadata: new Map(),
    graph,
    opaque: {},
  };
}

/** Pictures of 16x16 for {@link attentionModel}, planes in 0..255. */
export function noisePlanes(count: number, seed = 7): { source: string; planes: Float32Array }[] {
  const next = seededValues(seed);
  return Array.from({ length: count }, (_, index) => ({
    source: `noise${index}.png`,
    planes: Float32Array.from({ length: 3 * 16 * 16 }, () => 127.5 + 127.5 * next()),
  }));
}

/** A configuration for {@link attentionModel} in the vendor's keys; `replace` edits its text. */
export function attentionConfig(replace: readonly (readonly [string, string])[] = []): string {
  const text = `model_parameters:
  onnx_model: 'attention.onnx'
  march: 'bayes-e'
  output_model_file_prefix: 'attention'
  node_info:
    'softmax': { 'ON': 'BPU', 'InputType': 'int16', 'OutputType': 'int16' }
input_parameters:
  input_type_rt: 'nv12'
  input_type_train: 'rgb'
  input_layout_train: 'NCHW'
  norm_type: 'data_mean_and_scale'
  mean_value: 127.5
  scale_value: '0.0157 0.0157 0.0157'
calibration_parameters:
  cal_data_dir: './calibration'
  calibration_type: 'max'
  max_percentile: 0.99999
compiler_parameters:
  optimize_level: 'O3'
`;
  return replace.reduce((edited, [from, to]) => edited.replace(from, to), text);
}
