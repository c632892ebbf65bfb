import { stat } from 'node:fs/promises';
import { graphFacts } from '../fit/graphFacts.js';
import type { OnnxModel, OnnxValueInfo } from '../onnx/OnnxModel.js';
import { readOnnx } from '../onnx/readOnnx.js';
import { countMacs, macValues } from './countMacs.js';
import type { OnnxFileInfo, PortInfo } from './ModelFileInfo.js';
import { probeShapes } from './probeShapes.js';
import { countConstants, quantizationOf } from './quantizationOf.js';

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
    macCount: await macsOf(model),
    quantization: quantizationOf(graph),
    facts: graphFacts(model),
    metadata: Object.fromEntries(model.metadata),
  };
}

function port({ name, dataType, shape }: OnnxValueInfo): PortInfo {
  return { name, dataType, shape };
}

async function macsOf(model: OnnxModel): Promise<number | null> {
  const { graph } = model;
  const shapes = new Map<string, readonly number[]>();
  for (const value of [...graph.inputs, ...graph.outputs, ...graph.valueInfo.values()]) {
    // The count is for one picture: a free batch dimension is 1, other free dimensions are determined by a run.
    const dims = value.shape?.map((length, axis) => (typeof length !== 'number' && axis === 0 ? 1 : length));
    if (dims?.every((length) => typeof length === 'number')) shapes.set(value.name, dims);
  }
  for (const [name, { dims }] of graph.initializers) shapes.set(name, dims);
  const missing = macValues(graph).filter((name) => !shapes.has(name));
  const probed = missing.length === 0 ? null : await probeShapes(model, missing);
  return countMacs(graph, (name) => shapes.get(name) ?? probed?.get(name));
}
