import type { Tensor } from 'onnxruntime-node';
import { createSession, loadRuntime, ONE_THREAD } from '../inference/onnx/loadRuntime.js';
import { getInt, type OnnxModel, type OnnxNode, type OnnxValueInfo } from '../onnx/OnnxModel.js';
import { ELEMENT_TYPES, type OnnxDataType } from '../onnx/OnnxTensor.js';
import { serializeOnnx } from '../onnx/serializeOnnx.js';

type Shape = readonly number[];

/** Multiply-accumulates of a node from the shapes of its two operands and its output. */
type MacsOf = (node: OnnxNode, a: Shape, b: Shape, out: Shape) => number;

/** Each output element is one kernel: input channels of its group times the window. */
const convolution: MacsOf = (_node, _a, b, out) => product(out) * product(b.slice(1));

const transposedConvolution: MacsOf = (_node, a, b) => product(a) * product(b.slice(1));

const gemm: MacsOf = (node, a, _b, out) => product(out) * (a[getInt(node, 'transA', 0) === 0 ? 1 : 0] ?? 0);

const matrixProduct: MacsOf = (node, a, _b, out) => {
  const isTransposed = node.opType === 'FusedMatMul' && getInt(node, 'transA', 0) !== 0;
  return product(out) * (a.at(isTransposed ? -2 : -1) ?? 0);
};

/** Operators that are counted, with the place of the second operand; the first one is input 0. */
const COUNTED: ReadonlyMap<string, readonly [second: number, macsOf: MacsOf]> = new Map([
  ['Conv', [1, convolution]],
  ['ConvTranspose', [1, transposedConvolution]],
  ['ConvInteger', [1, convolution]],
  ['QLinearConv', [3, convolution]],
  ['MatMul', [1, matrixProduct]],
  ['MatMulInteger', [1, matrixProduct]],
  ['QLinearMatMul', [3, matrixProduct]],
  ['Gemm', [1, gemm]],
  ['QGemm', [3, gemm]],
  ['FusedConv', [1, convolution]],
  ['FusedGemm', [1, gemm]],
  ['FusedMatMul', [1, matrixProduct]],
]);

/** Larger inputs are not run for the shapes of a model. */
const LARGEST_INPUT_ELEMENTS = 2 ** 26;

/** Element types of inputs that are run on zeros. */
const PROBED_TYPES: ReadonlySet<OnnxDataType | null> = new Set(['float32', 'uint8', 'int8', 'int64']);

/** Multiply-accumulates of all convolutions and matrix products for one picture; null if shapes are unknown. */
export async function countMacs(model: OnnxModel): Promise<number | null> {
  const { graph } = model;
  const shapes = new Map<string, Shape>();
  for (const value of [...graph.inputs, ...graph.outputs, ...graph.valueInfo.values()]) {
    // The count is for one picture: a free batch dimension is 1, other free dimensions are determined by a run.
    const dims = value.shape?.map((length, axis) => (typeof length !== 'number' && axis === 0 ? 1 : length));
    if (dims?.every((length) => typeof length === 'number')) shapes.set(value.name, dims);
  }
  for (const [name, { dims }] of graph.initializers) shapes.set(name, dims);
  const counted = graph.nodes.flatMap((node) => {
    const [second, macsOf] = COUNTED.get(node.opType) ?? [];
    if (second === undefined || macsOf === undefined) return [];
    return [{ node, macsOf, values: [node.inputs[0], node.inputs[second], node.outputs[0]] }];
  });
  const missing = counted.flatMap(({ values }) =>
    values.filter((name) => name !== undefined && !shapes.has(name)),
  );
  for (const [name, shape] of await probeShapes(model, new Set(missing))) shapes.set(name, shape);
  let sum = 0;
  for (const { node, macsOf, values } of counted) {
    const [a, b, out] = values.map((name) => shapes.get(name ?? ''));
    if (a === undefined || b === undefined || out === undefined) return null;
    sum += macsOf(node, a, b, out);
  }
  return sum;
}

/**
 * Shapes of intermediate values that a file does not state: the graph is run once on zeros, open dimensions
 * as 1, with those values as outputs.
 *
 * @returns the shapes that were found; none if ONNX Runtime refuses the graph.
 */
async function probeShapes(
  model: OnnxModel,
  missing: ReadonlySet<unknown>,
): Promise<Iterable<[string, Shape]>> {
  const { graph } = model;
  const made = graph.nodes.flatMap((node) => node.outputs).filter((name) => missing.has(name));
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  if (made.length === 0) return [];
  try {
    const feeds: Record<string, Tensor> = {};
    for (const input of inputs) {
      const tensor = zeros(input);
      if (tensor === null) return [];
      feeds[input.name] = tensor;
    }
    const outputs = made.map((name): OnnxValueInfo => ({ name, dataType: null, shape: null }));
    const session = await createSession(serializeOnnx({ ...model, graph: { ...graph, outputs } }), {
      ...ONE_THREAD,
      graphOptimizationLevel: 'disabled',
    });
    try {
      return Object.entries(await session.run(feeds)).map(([name, tensor]) => [name, tensor.dims]);
    } finally {
      await session.release();
    }
  } catch {
    // A graph that does not run here can still be described without shapes.
    return [];
  }
}

function zeros({ dataType, shape }: OnnxValueInfo): Tensor | null {
  const dims = shape?.map((length) => (typeof length === 'number' && length > 0 ? length : 1));
  if (dims === undefined || product(dims) > LARGEST_INPUT_ELEMENTS) return null;
  if (dataType === null || !PROBED_TYPES.has(dataType)) return null;
  const elements = new ELEMENT_TYPES[dataType].array(product(dims));
  return new (loadRuntime().Tensor)(elements as Tensor.DataType, dims);
}

function product(shape: Shape): number {
  return shape.reduce((count, length) => count * length, 1);
}
