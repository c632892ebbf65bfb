import type { OnnxGraph } from '../onnx/OnnxModel.js';
import { consumersOf, producersOf } from '../onnx/topologicalOrder.js';
import type { NodeRequest } from './planNodes.js';
import type { Precision } from './QuantParams.js';

/**
 * Requests for one precision of every softmax of the graph, which override the given ones. For `float` its inputs
 * and outputs stay float as well: a softmax is not computed in float if its input was rounded to int8 before.
 */
export function softmaxRequests(
  graph: OnnxGraph,
  base: ReadonlyMap<string, NodeRequest>,
  precision: Precision,
): Map<string, NodeRequest> {
  const requests = new Map(base);
  const producers = producersOf(graph);
  const consumers = consumersOf(graph);
  for (const softmax of graph.nodes.filter((node) => node.opType === 'Softmax')) {
    requests.set(softmax.name, { input: precision, output: precision });
    if (precision !== 'float') continue;
    const producer = producers.get(softmax.inputs[0] ?? '');
    if (producer !== undefined) {
      requests.set(producer.name, { ...requests.get(producer.name), output: 'float' });
    }
    const [output = ''] = softmax.outputs;
    for (const reader of consumers.get(output) ?? []) {
      const inputs = new Map(requests.get(reader.name)?.inputs);
      inputs.set(reader.inputs.indexOf(output), 'float');
      requests.set(reader.name, { ...requests.get(reader.name), inputs });
    }
  }
  return requests;
}
