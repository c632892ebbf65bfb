import { isDepthwise } from '../fit/saturatingNodes.js';
import {
  intAttr,
  makeNode,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  standardOpset,
} from '../onnx/OnnxModel.js';
import { type OnnxTensor, scalarTensor, tensorToFloat32 } from '../onnx/OnnxTensor.js';
import type { ValueRange } from './chooseRange.js';
import { foldRectifiers } from './foldRectifiers.js';
import type { QuantizationPlan } from './NodePlan.js';
import { SHARED_STEPS, weightChannelAxis } from './operatorClass.js';
import {
  type Precision,
  type QuantizedPrecision,
  type QuantParams,
  quantizeValues,
  quantParamsOf,
} from './QuantParams.js';
import { quantizeBias, quantizeWeights } from './quantizeWeights.js';
import { type InputMeans, weightBias } from './weightBias.js';

/** From this version on the standard QuantizeLinear knows int16; before, ONNX Runtime's own does. */
const INT16_OPSET = 21;

const RUNTIME_DOMAIN = 'com.microsoft';

export interface InsertOptions {
  /** Weights that no CPU's sums saturate with; see quantizeWeights. */
  readonly reduceRange: boolean;
  /** Scale and zero point of an activation. */
  readonly paramsOf: (value: string, precision: QuantizedPrecision) => QuantParams;
  /** Means of a value's channels, for bias correction; undefined leaves a bias as it is. */
  readonly meansOf: (value: string, channelAxis: number) => InputMeans | undefined;
}

export interface QuantizedGraph {
  readonly model: OnnxModel;
  /** For each value of the float graph that is left: what the quantised graph's own nodes read for it. */
  readonly counterparts: ReadonlyMap<string, string>;
  /** Node counts by the precision of the output. */
  readonly nodeCounts: Readonly<Record<Precision, number>>;
}

/**
 * Writes a plan into a prepared float model: pairs of QuantizeLinear and DequantizeLinear on the values
 * (QDQ form), int8 constants with a scale for each output channel, int32 biases. The float model is not changed.
 */
export function insertQuantization(
  model: OnnxModel,
  plan: QuantizationPlan,
  options: InsertOptions,
): QuantizedGraph {
  return new Inserter(model, plan, options).run();
}

class Inserter {
  readonly #model: OnnxModel;
  readonly #source: OnnxGraph;
  readonly #plan: QuantizationPlan;
  readonly #options: InsertOptions;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: Map<string, OnnxTensor>;
  readonly #producers = new Map<string, OnnxNode>();
  readonly #counterparts = new Map<string, string>();
  /** Names of dequantised values by `value|precision`. */
  readonly #dequantized = new Map<string, string>();
  /** Float names of values whose own name a dequantised model output has. */
  readonly #floatNames = new Map<string, string>();
  readonly #counts: Record<Precision, number> = { int8: 0, int16: 0, float: 0 };
  #usesRuntimeDomain = false;

  constructor(model: OnnxModel, plan: QuantizationPlan, options: InsertOptions) {
    this.#model = model;
    this.#source = model.graph;
    this.#plan = plan;
    this.#options = options;
    this.#initializers = new Map(model.graph.initializers);
  }

  run(): QuantizedGraph {
    const nodes = foldRectifiers(this.#source, this.#plan);
    for (const node of nodes) for (const output of node.outputs) this.#producers.set(output, node);
    for (const { name } of this.#source.outputs) {
      if (this.#madeAs(name) !== 'float') this.#floatNames.set(name, `${name}_float`);
    }
    for (const node of nodes) this.#addNode(node);
    for (const { name } of this.#source.outputs) {
      const precision = this.#madeAs(name);
      if (precision !== 'float') this.#dequantize(name, precision, name);
    }
    return {
      model: this.#finished(),
      counterparts: this.#counterparts,
      nodeCounts: this.#counts,
    };
  }

  #addNode(node: OnnxNode): void {
    const { name, inputs } = node;
    const wanted = this.#plan.get(name)?.inputs ?? [];
    const forms = inputs.map((input, index) => this.#formOf(input, wanted[index] ?? 'float'));
    const axis = weightChannelAxis(node, this.#source);
    const first = forms[0] ?? 'float';
    const isWeighted = axis !== null && first !== 'float' && wanted[1] !== 'float';
    this.#nodes.push({
      ...node,
      inputs: isWeighted
        ? this.#weightedInputs(node, axis, first)
        : inputs.map((input, index) => this.#read(input, forms[index] ?? 'float')),
      outputs: node.outputs.map((output) => this.#floatNames.get(output) ?? output),
    });
    for (const output of node.outputs) this.#counterparts.set(output, output);
    this.#counts[this.#plan.get(name)?.output ?? 'float']++;
  }

  /** The precision in which a consumer gets a value: 16 bits if either side requests them, else 8, else float. */
  #formOf(value: string, wanted: Precision): Precision {
    if (this.#source.initializers.has(value)) return wanted;
    const made = this.#madeAs(value);
    if (made === 'int16' || wanted === 'int16') return 'int16';
    return made === 'int8' || wanted === 'int8' ? 'int8' : 'float';
  }

  #madeAs(value: string): Precision {
    return this.#plan.get(this.#producers.get(value)?.name ?? '')?.output ?? 'float';
  }

  #read(value: string, form: Precision): string {
    if (value === '' || form === 'float') return this.#floatNames.get(value) ?? value;
    const constant = this.#source.initializers.get(value);
    return constant === undefined
      ? this.#dequantize(value, form)
      : this.#constantOperand(value, constant, form);
  }

  /** Adds the pair of QuantizeLinear and DequantizeLinear for a value once for all its consumers. */
  #dequantize(value: string, precision: QuantizedPrecision, outputName?: string): string {
    const key = `${value}|${precision}`;
    const existing = this.#dequantized.get(key);
    if (existing !== undefined) return existing;
    const params = this.#options.paramsOf(this.#rootOf(value, precision), precision);
    const prefix = precision === 'int16' ? `${value}_int16` : value;
    const constants = this.#paramConstants(prefix, params);
    const own = this.#floatNames.get(value);
    const dequantized = outputName ?? (own === undefined ? `${prefix}_dequantized` : value);
    const quantized = `${prefix}_quantized`;
    const pair = [
      makeNode('QuantizeLinear', `${prefix}_QuantizeLinear`, [own ?? value, ...constants], [quantized]),
      makeNode('DequantizeLinear', `${prefix}_DequantizeLinear`, [quantized, ...constants], [dequantized]),
    ];
    this.#pushForPrecision(pair, precision);
    this.#dequantized.set(key, dequantized);
    this.#counterparts.set(value, dequantized);
    return dequantized;
  }

  #pushForPrecision(nodes: readonly OnnxNode[], precision: QuantizedPrecision): void {
    if (precision === 'int16' && (standardOpset(this.#model) ?? 0) < INT16_OPSET) {
      for (const node of nodes) node.domain = RUNTIME_DOMAIN;
      this.#usesRuntimeDomain = true;
    }
    this.#nodes.push(...nodes);
  }

  #paramConstants(prefix: string, { scale, zeroPoint, dataType }: QuantParams): [string, string] {
    const names: [string, string] = [`${prefix}_scale`, `${prefix}_zero_point`];
    this.#initializers.set(names[0], scalarTensor('float32', scale));
    this.#initializers.set(names[1], scalarTensor(dataType, zeroPoint));
    return names;
  }

  /** Follows operators that only move values back to the value whose scale they share. */
  #rootOf(value: string, precision: QuantizedPrecision): string {
    let root = value;
    for (;;) {
      const producer = this.#producers.get(root);
      const input = producer?.inputs[0];
      if (producer === undefined || input === undefined || !SHARED_STEPS.has(producer.opType)) return root;
      if (this.#formOf(input, this.#plan.get(producer.name)?.inputs[0] ?? 'float') !== precision) return root;
      root = input;
    }
  }

  #constantOperand(name: string, tensor: OnnxTensor, precision: QuantizedPrecision): string {
    const key = `${name}|${precision}`;
    const existing = this.#dequantized.get(key);
    if (existing !== undefined) return existing;
    const values = tensorToFloat32(tensor);
    const params = quantParamsOf(rangeWithZero(values), precision);
    const prefix = `${name}_${precision}`;
    const data = quantizeValues(values, params);
    this.#initializers.set(`${prefix}_quantized`, { dataType: params.dataType, dims: tensor.dims, data });
    const output = `${prefix}_dequantized`;
    const inputs = [`${prefix}_quantized`, ...this.#paramConstants(prefix, params)];
    this.#pushForPrecision(
      [makeNode('DequantizeLinear', `${prefix}_DequantizeLinear`, inputs, [output])],
      precision,
    );
    this.#dequantized.set(key, output);
    return output;
  }

  #weightedInputs(node: OnnxNode, channelAxis: number, form: QuantizedPrecision): string[] {
    const [input = '', weightName = '', biasName = ''] = node.inputs;
    const weights = this.#source.initializers.get(weightName);
    const bias = this.#source.initializers.get(biasName);
    if (weights === undefined) return node.inputs;
    const inputScale = this.#options.paramsOf(this.#rootOf(input, form), form).scale;
    // A convolution without a bias gets one to correct.
    const noBias = node.opType === 'Conv' ? new Float32Array(weights.dims[0] ?? 0) : undefined;
    const biasValues = bias === undefined ? noBias : tensorToFloat32(bias);
    const quantized = quantizeWeights(weightName, weights, {
      channelAxis,
      reduceRange: this.#options.reduceRange && !isDepthwise(node, weights),
      ...(biasValues === undefined || form !== 'int8' ? {} : { bias: { values: biasValues, inputScale } }),
    });
    const { weights: steps, scales } = quantized;
    const weightOutput = this.#perChannelConstant(node, weightName, steps, scales, channelAxis);
    const activation = this.#read(input, form);
    if (biasValues === undefined) return [activation, weightOutput];
    // Sums of 16-bit products do not fit int32: there the bias stays as it is.
    if (form !== 'int8') return [activation, weightOutput, ...(biasName === '' ? [] : [biasName])];
    const means = this.#options.meansOf(input, node.opType === 'MatMul' ? -1 : 1);
    const shift = means === undefined ? undefined : weightBias(node, weights, quantized, means);
    const corrected = biasValues.map((value, channel) => value - (shift?.[channel] ?? 0));
    const biasScales = scales.map((scale) => scale * inputScale);
    const biasSteps = quantizeBias(corrected, inputScale, scales);
    const biasTensor: OnnxTensor = { dataType: 'int32', dims: [biasSteps.length], data: biasSteps };
    const correctedBias = this.#perChannelConstant(node, biasName || 'bias', biasTensor, biasScales, 0);
    return [activation, weightOutput, correctedBias];
  }

  /** A constant and the DequantizeLinear that gives it as float, a scale for each channel. */
  #perChannelConstant(
    node: OnnxNode,
    name: string,
    tensor: OnnxTensor,
    scales: Float32Array,
    axis: number,
  ): string {
    // Named after the node too: one constant may serve several nodes whose inputs have different scales.
    const prefix = `${name}_of_${node.name}`;
    const dims = [scales.length];
    const { dataType } = tensor;
    const zeros = dataType === 'int32' ? new Int32Array(scales.length) : new Int8Array(scales.length);
    this.#initializers.set(`${prefix}_quantized`, tensor);
    this.#initializers.set(`${prefix}_scale`, { dataType: 'float32', dims, data: scales });
    this.#initializers.set(`${prefix}_zero_point`, { dataType, dims, data: zeros });
    const inputs = [`${prefix}_quantized`, `${prefix}_scale`, `${prefix}_zero_point`];
    const output = `${prefix}_dequantized`;
    this.#nodes.push(
      makeNode('DequantizeLinear', `${prefix}_DequantizeLinear`, inputs, [output], { axis: intAttr(axis) }),
    );
    return output;
  }

  #finished(): OnnxModel {
    const model = this.#model;
    const used = new Set(this.#nodes.flatMap((node) => node.inputs));
    const initializers = new Map([...this.#initializers].filter(([name]) => used.has(name)));
    const opsets =
      this.#usesRuntimeDomain && !model.opsets.some((opset) => opset.domain === RUNTIME_DOMAIN)
        ? [...model.opsets, { domain: RUNTIME_DOMAIN, version: 1 }]
        : model.opsets;
    const graph: OnnxGraph = { ...model.graph, nodes: this.#nodes, initializers, valueInfo: new Map() };
    return { ...model, producerName: 'effvit', irVersion: Math.max(7, model.irVersion), opsets, graph };
  }
}

function rangeWithZero(values: Float32Array): ValueRange {
  let min = 0;
  let max = 0;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}
