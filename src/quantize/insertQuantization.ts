import { isDepthwise } from '../fit/saturatingNodes.js';
import {
  intAttr,
  makeNode,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  standardOpset,
} from '../onnx/OnnxModel.js';
import { float32Tensor, type OnnxTensor, tensorToFloat32 } from '../onnx/OnnxTensor.js';
import { foldRectifiers } from './foldRectifiers.js';
import { SHARES_STEPS, weightChannelAxis } from './operatorClass.js';
import type { QuantizationPlan } from './planNodes.js';
import {
  type Precision,
  paramTensors,
  type QuantizedPrecision,
  type QuantParams,
  quantizeConstant,
} from './QuantParams.js';
import { quantizeWeights } from './quantizeWeights.js';
import { correctedBias, type InputMeans } from './weightBias.js';

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
  readonly #plan: QuantizationPlan;
  readonly #options: InsertOptions;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: Map<string, OnnxTensor>;
  readonly #producers = new Map<string, OnnxNode>();
  /** Names of dequantised values by `value|precision`. */
  readonly #dequantized = new Map<string, string>();
  /** Float names of values whose own name a dequantised model output has. */
  readonly #floatNames = new Map<string, string>();
  #usesRuntimeDomain = false;

  constructor(model: OnnxModel, plan: QuantizationPlan, options: InsertOptions) {
    this.#model = model;
    this.#plan = plan;
    this.#options = options;
    this.#initializers = new Map(model.graph.initializers);
  }

  run(): QuantizedGraph {
    const nodeCounts: Record<Precision, number> = { int8: 0, int16: 0, float: 0 };
    const nodes = foldRectifiers(this.#model.graph, this.#plan);
    for (const node of nodes) {
      for (const output of node.outputs) this.#producers.set(output, node);
      nodeCounts[this.#plan.get(node.name)?.output ?? 'float']++;
    }
    const outputs = this.#model.graph.outputs.map(({ name }) => ({ name, precision: this.#madeAs(name) }));
    for (const { name, precision } of outputs) {
      if (precision !== 'float') this.#floatNames.set(name, `${name}_float`);
    }
    for (const node of nodes) this.#addNode(node);
    for (const { name, precision } of outputs) this.#read(name, precision);
    return { model: this.#finished(), nodeCounts };
  }

  #addNode(node: OnnxNode): void {
    const { inputs } = node;
    const wanted = this.#plan.get(node.name)?.inputs ?? [];
    const forms = inputs.map((input, index) => this.#formOf(input, wanted[index] ?? 'float'));
    const axis = weightChannelAxis(node, this.#model.graph);
    const [first = 'float'] = forms;
    const isWeighted = axis !== null && first !== 'float' && wanted[1] !== 'float';
    this.#nodes.push({
      ...node,
      inputs: isWeighted
        ? this.#weightedInputs(node, axis, first)
        : inputs.map((input, index) => this.#read(input, forms[index] ?? 'float')),
      outputs: node.outputs.map((output) => this.#floatNames.get(output) ?? output),
    });
  }

  /** The precision in which a consumer gets a value: 16 bits if either side requests them, else 8, else float. */
  #formOf(value: string, wanted: Precision): Precision {
    if (this.#model.graph.initializers.has(value)) return wanted;
    const made = this.#madeAs(value);
    if (made === 'int16' || wanted === 'int16') return 'int16';
    return made === 'int8' || wanted === 'int8' ? 'int8' : 'float';
  }

  #madeAs(value: string): Precision {
    return this.#plan.get(this.#producers.get(value)?.name ?? '')?.output ?? 'float';
  }

  #read(value: string, form: Precision): string {
    if (value === '' || form === 'float') return this.#floatNames.get(value) ?? value;
    return this.#dequantize(value, form);
  }

  /** Adds what dequantises a value or a constant, once for all its consumers. @returns the float value's name */
  #dequantize(value: string, precision: QuantizedPrecision): string {
    const key = `${value}|${precision}`;
    const constant = this.#model.graph.initializers.get(value);
    const name =
      this.#dequantized.get(key) ??
      (constant === undefined
        ? this.#addPair(value, precision)
        : this.#addDequantized(`${value}_${precision}`, quantizeConstant(constant, precision), precision));
    this.#dequantized.set(key, name);
    return name;
  }

  #addPair(value: string, precision: QuantizedPrecision): string {
    const prefix = precision === 'int16' ? `${value}_int16` : value;
    const params = this.#options.paramsOf(this.#rootOf(value, precision), precision);
    const constants = this.#addConstants(prefix, paramTensors(params));
    const own = this.#floatNames.get(value);
    const quantized = `${prefix}_quantized`;
    const dequantized = own === undefined ? `${prefix}_dequantized` : value;
    this.#push(
      precision,
      makeNode('QuantizeLinear', `${prefix}_QuantizeLinear`, [own ?? value, ...constants], [quantized]),
      makeNode('DequantizeLinear', `${prefix}_DequantizeLinear`, [quantized, ...constants], [dequantized]),
    );
    return dequantized;
  }

  #push(precision: QuantizedPrecision, ...nodes: readonly OnnxNode[]): void {
    if (precision === 'int16' && (standardOpset(this.#model) ?? 0) < INT16_OPSET) {
      for (const node of nodes) node.domain = RUNTIME_DOMAIN;
      this.#usesRuntimeDomain = true;
    }
    this.#nodes.push(...nodes);
  }

  /** @returns the names of the constants: the prefix and what each is */
  #addConstants(prefix: string, constants: Readonly<Record<string, OnnxTensor>>): string[] {
    for (const [what, tensor] of Object.entries(constants))
      this.#initializers.set(`${prefix}_${what}`, tensor);
    return Object.keys(constants).map((what) => `${prefix}_${what}`);
  }

  /** Adds a constant with the DequantizeLinear that gives it as float. @returns the float value's name */
  #addDequantized(
    prefix: string,
    constants: Readonly<Record<'quantized' | 'scale' | 'zero_point', OnnxTensor>>,
    precision: QuantizedPrecision,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): string {
    const inputs = this.#addConstants(prefix, constants);
    const output = `${prefix}_dequantized`;
    const name = `${prefix}_DequantizeLinear`;
    this.#push(precision, makeNode('DequantizeLinear', name, inputs, [output], attributes));
    return output;
  }

  /** Follows operators that only move values back to the value whose scale they share. */
  #rootOf(value: string, precision: QuantizedPrecision): string {
    const producer = this.#producers.get(value);
    const input = producer?.inputs[0];
    if (producer === undefined || input === undefined || !SHARES_STEPS.test(producer.opType)) return value;
    const form = this.#formOf(input, this.#plan.get(producer.name)?.inputs[0] ?? 'float');
    return form === precision ? this.#rootOf(input, precision) : value;
  }

  #weightedInputs(node: OnnxNode, channelAxis: number, form: QuantizedPrecision): string[] {
    const [input = '', weightName = '', biasName = ''] = node.inputs;
    const { initializers } = this.#model.graph;
    const weights = initializers.get(weightName);
    const bias = initializers.get(biasName);
    if (weights === undefined) return node.inputs;
    const inputScale = this.#options.paramsOf(this.#rootOf(input, form), form).scale;
    // A convolution without a bias gets one to correct.
    const noBias = node.opType === 'Conv' ? new Float32Array(weights.dims[0] ?? 0) : undefined;
    const biasValues = bias === undefined ? noBias : tensorToFloat32(bias);
    const quantized = quantizeWeights(weightName, weights, {
      channelAxis,
      reduceRange: this.#options.reduceRange && !isDepthwise(node, weights),
      bias: biasValues && form === 'int8' ? { values: biasValues, inputScale } : undefined,
    });
    const { weights: steps, scales } = quantized;
    const weightOutput = this.#perChannelConstant(node, weightName, steps, scales, channelAxis);
    const activation = this.#read(input, form);
    if (biasValues === undefined) return [activation, weightOutput];
    // Sums of 16-bit products do not fit int32: there the bias stays as it is.
    if (form !== 'int8') return [activation, weightOutput, ...(biasName === '' ? [] : [biasName])];
    const means = this.#options.meansOf(input, node.opType === 'MatMul' ? -1 : 1);
    const corrected = correctedBias(node, weights, quantized, biasValues, inputScale, means);
    return [
      activation,
      weightOutput,
      this.#perChannelConstant(node, biasName || 'bias', corrected.bias, corrected.scales, 0),
    ];
  }

  #perChannelConstant(
    node: OnnxNode,
    name: string,
    quantized: OnnxTensor,
    scales: Float32Array,
    axis: number,
  ): string {
    const { dataType } = quantized;
    const zeros = dataType === 'int32' ? new Int32Array(scales.length) : new Int8Array(scales.length);
    const scale = float32Tensor([scales.length], scales);
    const constants = { quantized, scale, zero_point: { dataType, dims: scale.dims, data: zeros } };
    // Named after the node too: one constant may serve several nodes whose inputs have different scales.
    return this.#addDequantized(`${name}_of_${node.name}`, constants, 'int8', { axis: intAttr(axis) });
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
