import { emptyGraph, intAttr, makeNode, type OnnxDim, type OnnxModel } from '../../src/onnx/OnnxModel.js';
import { float32Tensor, int64Vector, type OnnxDataType } from '../../src/onnx/OnnxTensor.js';
import { testModel } from './testModel.js';

const TYPE_CODES = { float32: 1, float16: 10, int64: 7 } as const;

export interface PlainClassifierOptions {
  readonly inputType?: 'float32' | 'float16' | 'uint8' | 'int64';
  readonly inputShape?: readonly OnnxDim[];
  readonly inputNames?: readonly string[];
  readonly outputShape?: readonly OnnxDim[];
  readonly outputNames?: readonly string[];
  readonly outputType?: keyof typeof TYPE_CODES;
  /** Outputs are the first elements of the input, times this. */
  readonly gain?: number;
}

/**
 * The smallest classifier there is: its scores are the first elements of its input, flattened. Every part of
 * its interface can be chosen, wrongly too.
 */
export function plainClassifier(options: PlainClassifierOptions = {}): OnnxModel {
  const {
    inputType = 'float32',
    inputShape = [1, 3, 16, 16],
    inputNames = ['data'],
    outputShape = [1, 5],
    outputNames = ['output'],
    outputType = 'float32',
    gain = 1,
  } = options;
  const graph = emptyGraph('plain');
  const sizes = outputShape.filter((dim) => typeof dim === 'number');
  const classCount = sizes.reduce((product, dim) => product * dim, 1);
  for (const name of inputNames) graph.inputs.push({ name, dataType: inputType, shape: inputShape });
  graph.initializers.set('gain', float32Tensor([], Float32Array.of(gain)));
  graph.initializers.set('flat_shape', int64Vector([1, -1]));
  graph.initializers.set('from', int64Vector([0]));
  graph.initializers.set('to', int64Vector([classCount]));
  graph.initializers.set('axis', int64Vector([1]));
  const target = int64Vector(outputShape.map((dim) => (typeof dim === 'number' ? dim : -1)));
  graph.initializers.set('target_shape', target);
  graph.nodes.push(
    cast('to_float', inputNames[0] ?? 'data', 'as_float', 1),
    makeNode('Reshape', 'flatten', ['as_float', 'flat_shape'], ['flat']),
    makeNode('Slice', 'take', ['flat', 'from', 'to', 'axis'], ['taken']),
    makeNode('Mul', 'scale', ['taken', 'gain'], ['scaled']),
    makeNode('Reshape', 'shape', ['scaled', 'target_shape'], ['shaped']),
  );
  for (const name of outputNames) {
    graph.nodes.push(cast(`out_${name}`, 'shaped', name, TYPE_CODES[outputType]));
    graph.outputs.push({ name, dataType: outputType as OnnxDataType, shape: outputShape });
  }
  return testModel(graph);
}

/** A graph on [1, 3, 16, 16] whose outputs, by name and shape, all are first elements of its input. */
export function severalOutputs(shapes: Readonly<Record<string, readonly number[]>>): OnnxModel {
  const graph = emptyGraph('several');
  graph.inputs.push({ name: 'data', dataType: 'float32', shape: [1, 3, 16, 16] });
  graph.initializers.set('flat_shape', int64Vector([1, -1]));
  graph.initializers.set('from', int64Vector([0]));
  graph.initializers.set('axis', int64Vector([1]));
  graph.nodes.push(makeNode('Reshape', 'flatten', ['data', 'flat_shape'], ['flat']));
  for (const [name, shape] of Object.entries(shapes)) {
    const count = shape.reduce((product, dim) => product * dim, 1);
    graph.initializers.set(`${name}_to`, int64Vector([count]));
    graph.initializers.set(`${name}_shape`, int64Vector(shape));
    graph.nodes.push(
      makeNode('Slice', `${name}_take`, ['flat', 'from', `${name}_to`, 'axis'], [`${name}_taken`]),
      makeNode('Reshape', `${name}_reshape`, [`${name}_taken`, `${name}_shape`], [name]),
    );
    graph.outputs.push({ name, dataType: 'float32', shape });
  }
  return testModel(graph);
}

function cast(name: string, input: string, output: string, to: number) {
  const node = makeNode('Cast', name, [input], [output]);
  node.attributes.set('to', intAttr(to));
  return node;
}
