import { stat } from 'node:fs/promises';
import { type GraphFacts, graphFacts } from '../fit/graphFacts.js';
import type { OnnxValueInfo } from '../onnx/OnnxModel.js';
import { readOnnx } from '../onnx/readOnnx.js';
import { countMacs } from './countMacs.js';
import { countConstants, type QuantizationInfo, quantizationOf } from './quantizationOf.js';

/** A graph's input or output. */
export type PortInfo = Pick<OnnxValueInfo, 'name' | 'dataType' | 'shape'>;

export interface OnnxFileInfo {
  readonly kind: 'onnx';
  readonly path: string;
  readonly lengthBytes: number;
  readonly irVersion: number;
  readonly producer: string;
  /** E.g. `ai.onnx 11`. */
  readonly opsets: readonly string[];
  readonly inputs: readonly PortInfo[];
  readonly outputs: readonly PortInfo[];
  readonly nodeCount: number;
  /** Operators with their counts, the most frequent first; domains other than ONNX's precede the name. */
  readonly operators: readonly { readonly opType: string; readonly count: number }[];
  /** Elements of constants that are weights: shapes, scales and zero points do not count. */
  readonly parameterCount: number;
  /** Multiply-accumulates of convolutions and matrix products for one picture; null if shapes are unknown. */
  readonly macCount: number | null;
  readonly quantization: QuantizationInfo;
  /** Facts about its use as a classifier, from its operators. */
  readonly facts: GraphFacts;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Inspects an .onnx file. @throws EffvitError NOT_FOUND, IO_FAILED, BAD_MODEL */
export async function inspectOnnx(path: string): Promise<OnnxFileInfo> {
  const model = await readOnnx(path);
  const { graph } = model;
  const counts = new Map<string, number>();
  for (const { domain, opType } of graph.nodes) {
    const name = domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const operators = Array.from(counts, ([opType, count]) => ({ opType, count }));
  operators.sort((a, b) => b.count - a.count || a.opType.localeCompare(b.opType));
  return {
    kind: 'onnx',
    path,
    lengthBytes: (await stat(path)).size,
    irVersion: model.irVersion,
    producer: [model.producerName, model.producerVersion].filter((part) => part !== '').join(' '),
    opsets: model.opsets.map(({ domain, version }) => `${domain === '' ? 'ai.onnx' : domain} ${version}`),
    // Before IR version 4 constants had to be listed among the inputs.
    inputs: graph.inputs.filter(({ name }) => !graph.initializers.has(name)).map(port),
    outputs: graph.outputs.map(port),
    nodeCount: graph.nodes.length,
    operators,
    parameterCount: countConstants(graph),
    macCount: await countMacs(model),
    quantization: quantizationOf(graph),
    facts: graphFacts(model),
    metadata: Object.fromEntries(model.metadata),
  };
}

function port({ name, dataType, shape }: OnnxValueInfo): PortInfo {
  return { name, dataType, shape };
}
