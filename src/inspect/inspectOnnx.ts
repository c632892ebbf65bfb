import { stat } from 'node:fs/promises';
import { graphFacts } from '../fit/graphFacts.js';
import type { OnnxValueInfo } from '../onnx/OnnxModel.js';
import { readOnnx } from '../onnx/readOnnx.js';
import { countMacs } from './countMacs.js';
import { countConstants, quantizationOf } from './quantizationOf.js';

export type OnnxFileInfo = Awaited<ReturnType<typeof inspectOnnx>>;

/** Inspects an .onnx file. @throws EffvitError NOT_FOUND, IO_FAILED, BAD_MODEL */
export async function inspectOnnx(path: string) {
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
    kind: 'onnx' as const,
    path,
    lengthBytes: (await stat(path)).size,
    irVersion: model.irVersion,
    producer: [model.producerName, model.producerVersion].filter((part) => part !== '').join(' '),
    /** E.g. `ai.onnx 11`. */
    opsets: model.opsets.map(({ domain, version }) => `${domain === '' ? 'ai.onnx' : domain} ${version}`),
    // Before IR version 4 constants had to be listed among the inputs.
    inputs: graph.inputs.filter(({ name }) => !graph.initializers.has(name)).map(port),
    outputs: graph.outputs.map(port),
    nodeCount: graph.nodes.length,
    /** The most frequent first; domains other than ONNX's precede the name. */
    operators,
    parameterCount: countConstants(graph),
    macCount: await countMacs(model),
    quantization: quantizationOf(graph),
    /** Facts about its use as a classifier, from its operators. */
    facts: graphFacts(model),
    metadata: Object.fromEntries(model.metadata),
  };
}

function port({ name, dataType, shape }: OnnxValueInfo): Pick<OnnxValueInfo, 'name' | 'dataType' | 'shape'> {
  return { name, dataType, shape };
}
