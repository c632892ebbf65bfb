import {
  emptyGraph,
  floatAttr,
  intAttr,
  intsAttr,
  makeNode,
  type OnnxAttribute,
  type OnnxDim,
  type OnnxGraph,
} from '../onnx/OnnxModel.js';
import { float32Tensor, int64Vector, type OnnxDataType, type OnnxTensor } from '../onnx/OnnxTensor.js';
import type { WeightTensor } from '../weights/WeightTensor.js';
import { type FoldedLayer, foldConv, roundLayer } from './foldBatchNorm.js';

/** A value of the graph that is being built: its name, type and shape. */
export interface Value {
  readonly name: string;
  readonly dataType: OnnxDataType;
  readonly shape: readonly OnnxDim[];
}

/** A 2-D convolution's geometry; pads are top, left, bottom, right. */
export interface ConvGeometry {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly group: number;
}

export const POINTWISE: ConvGeometry = { kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], group: 1 };

/** An odd square kernel, padded so that stride 1 keeps the size. */
export function squareConv(kernel: number, stride: number, group: number): ConvGeometry {
  const pad = (kernel - 1) / 2;
  return { kernel: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], group };
}

/**
 * The name of a module in the torch.onnx export, from its path in the state_dict: the children of a Sequential repeat
 * its name (`/blocks/blocks.0`), those of a ModuleList do not (`/qkvs.0`).
 */
export function scopeOf(path: string): string {
  const scope = path
    .replaceAll(/\.(?=\D)/g, '/')
    .replaceAll(/\b(stages|blocks|res1|res2|proj)(?=\.)/g, '$1/$1');
  return `/${scope}`;
}

/**
 * Appends nodes to a graph and tracks the shape of every value. Names are those of torch.onnx: a node is named after
 * the module's path, its value the same with `_output_0`.
 */
export class GraphBuilder {
  readonly graph: OnnxGraph;
  readonly opset: number;
  readonly weights: ReadonlyMap<string, WeightTensor>;

  /** @param weights the network's state_dict */
  constructor(name: string, opset: number, weights: ReadonlyMap<string, WeightTensor>) {
    this.graph = emptyGraph(name);
    this.opset = opset;
    this.weights = weights;
  }

  input(value: Value): Value {
    this.graph.inputs.push(value);
    return value;
  }

  /** Makes the last node's value the graph's output and renames it. */
  output(value: Value, name: string): void {
    const renamed = { ...value, name };
    const maker = this.graph.nodes.at(-1);
    if (maker !== undefined) maker.outputs = [name];
    this.graph.valueInfo.delete(value.name);
    this.graph.outputs.push(renamed);
  }

  /** A constant by name, which is added only once. */
  constant(name: string, tensor: OnnxTensor): string {
    if (!this.graph.initializers.has(name)) this.graph.initializers.set(name, tensor);
    return name;
  }

  /** A node with one output; inputs are values, or constants by name. */
  node(
    opType: string,
    name: string,
    inputs: readonly (Value | string)[],
    shape: readonly OnnxDim[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    dataType: OnnxDataType = 'float32',
  ): Value {
    const value: Value = { name: `${name}_output_0`, dataType, shape };
    const inputNames = inputs.map((input) => (typeof input === 'string' ? input : input.name));
    this.graph.nodes.push(makeNode(opType, name, inputNames, [value.name], attributes));
    this.graph.valueInfo.set(value.name, value);
    return value;
  }

  /** A node whose output has the shape of its first input: activations, sums. */
  elementwise(opType: string, name: string, ...inputs: readonly [Value, ...Value[]]): Value {
    return this.node(opType, name, inputs, inputs[0].shape);
  }

  /** The constants of a layer; `path` is the layer's in the state_dict. */
  #weights(path: string, { weight, bias }: FoldedLayer, dims: readonly number[]): [string, string] {
    return [
      this.constant(`${path}.weight`, float32Tensor(dims, weight)),
      this.constant(`${path}.bias`, float32Tensor([bias.length], bias)),
    ];
  }

  /** A convolution with folded weights; `constantName` is the layer's path in the state_dict. */
  conv(name: string, input: Value, layer: FoldedLayer, constantName: string, geometry: ConvGeometry): Value {
    const [batch = null, , height, width] = input.shape;
    const channels = layer.bias.length;
    const { kernel, strides, pads, group } = geometry;
    const kernelDims = [channels, layer.weight.length / (channels * kernel[0] * kernel[1]), ...kernel];
    const side = (length: OnnxDim | undefined, axis: 0 | 1): number =>
      Math.floor((Number(length) + pads[axis] + pads[axis === 0 ? 2 : 3] - kernel[axis]) / strides[axis]) + 1;
    return this.node(
      'Conv',
      name,
      [input, ...this.#weights(constantName, layer, kernelDims)],
      [batch, channels, side(height, 0), side(width, 1)],
      {
        dilations: intsAttr([1, 1]),
        group: intAttr(group),
        kernel_shape: intsAttr(kernel),
        pads: intsAttr(pads),
        strides: intsAttr(strides),
      },
    );
  }

  /** The convolution and the batch norm of the module at `path` as one, times `factor`. */
  convNorm(path: string, input: Value, geometry: ConvGeometry, factor = 1): Value {
    const layer = roundLayer(foldConv(this.weights, path, factor));
    return this.conv(`${scopeOf(path)}/conv/Conv`, input, layer, path, geometry);
  }

  /** `target` is Reshape's input (-1: the remaining elements, 0: the input's length); `shape` is the result. */
  reshape(name: string, input: Value, target: readonly number[], shape: readonly OnnxDim[]): Value {
    const constant = this.constant(`shape_${target.join('x')}`, int64Vector(target));
    return this.node('Reshape', name, [input, constant], shape, {}, input.dataType);
  }

  transpose(name: string, input: Value, permutation: readonly number[]): Value {
    const shape = permutation.map((axis) => input.shape[axis] ?? null);
    return this.node('Transpose', name, [input], shape, { perm: intsAttr(permutation) }, input.dataType);
  }

  /** `parts` along an axis: the inverse of {@link split}. `total` if the sum is only known at run time. */
  concat(name: string, parts: readonly Value[], axis: number, total?: OnnxDim): Value {
    const sum = total ?? parts.reduce((length, part) => length + Number(part.shape[axis]), 0);
    const shape = (parts[0]?.shape ?? []).map((length, index) => (index === axis ? sum : length));
    return this.node('Concat', name, parts, shape, { axis: intAttr(axis) });
  }

  /**
   * Splits `input` along an axis; since opset 13 the lengths are an input of the operator. Lengths that are only known
   * at run time are equal, which is the operator's default.
   */
  split(name: string, input: Value, axis: number, lengths: readonly OnnxDim[]): Value[] {
    const known = lengths.filter((length) => typeof length === 'number');
    const values = lengths.map((length, index): Value => {
      const shape = input.shape.map((old, position) => (position === axis ? length : old));
      return { name: `${name}_output_${index}`, dataType: input.dataType, shape };
    });
    const isKnown = known.length === lengths.length;
    const asInput = isKnown && this.opset >= 13;
    const inputs = asInput ? [this.constant(`split_${known.join('_')}`, int64Vector(known))] : [];
    const outputs = values.map((value) => value.name);
    const attributes = { axis: intAttr(axis), ...(isKnown && !asInput && { split: intsAttr(known) }) };
    this.graph.nodes.push(makeNode('Split', name, [input.name, ...inputs], outputs, attributes));
    for (const value of values) this.graph.valueInfo.set(value.name, value);
    return values;
  }

  /** y = x Wᵀ + b. */
  gemm(name: string, input: Value, layer: FoldedLayer, constantName: string): Value {
    const rows = layer.bias.length;
    const columns = layer.weight.length / rows;
    return this.node(
      'Gemm',
      name,
      [input, ...this.#weights(constantName, layer, [rows, columns])],
      [input.shape[0] ?? null, rows],
      { alpha: floatAttr(1), beta: floatAttr(1), transB: intAttr(1) },
    );
  }
}

/**
 * The running sum of a stage's residual branches: base + (branch 1 + branch 2 + ...).
 *
 * The branches are summed separately, and the base is added to each partial sum, instead of adding branch after branch
 * to one stream. In 8 bits a quantisation step of the stream is as large as a branch's contribution, and every sum
 * rounds again, so errors accumulate. The separate sum has a step of about a tenth, and the rounding of the base does
 * not reach later sums. In float the two differ only in the order of summation.
 */
export class ResidualSum {
  /** The base plus all branches so far. */
  value: Value;
  readonly #builder: GraphBuilder;
  readonly #base: Value;
  #branches: Value | null = null;

  constructor(builder: GraphBuilder, base: Value) {
    this.#builder = builder;
    this.#base = base;
    this.value = base;
  }

  /** @param at the branch's module, after which the sum is named as in the torch.onnx export. */
  add(at: string, branch: Value): void {
    this.#branches =
      this.#branches === null
        ? branch
        : this.#builder.elementwise('Add', `${at}/branches/Add`, this.#branches, branch);
    this.value = this.#builder.elementwise('Add', `${at}/Add`, this.#base, this.#branches);
  }
}
