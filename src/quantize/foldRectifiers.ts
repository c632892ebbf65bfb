import type { OnnxGraph, OnnxNode } from '../onnx/OnnxModel.js';
import { consumersOf, producersOf } from '../onnx/topologicalOrder.js';
import { operatorClass } from './operatorClass.js';
import type { QuantizationPlan } from './planNodes.js';

/**
 * Removes each Relu or ReLU6 between a node with int8 output and nodes with int8 input: the unsigned range of
 * its output begins at zero and ends at the largest value, so quantising clips as the rectifier did. The
 * runtime then has one kernel where a float graph has two.
 *
 * @returns nodes that share nothing changed with the graph's own
 */
export function foldRectifiers(graph: OnnxGraph, plan: QuantizationPlan): OnnxNode[] {
  const producers = producersOf(graph);
  const consumers = consumersOf(graph);
  const outputs = new Set(graph.outputs.map((output) => output.name));
  /** The producer's old output and the rectifier's, which it gives instead. */
  const renamed = new Map<string, string>();
  const folded = new Set<OnnxNode>();
  for (const node of graph.nodes) {
    if (operatorClass(node, graph) !== 'rectifier') continue;
    const [input, output] = [node.inputs[0] ?? '', node.outputs[0] ?? ''];
    const producer = producers.get(input);
    const own = plan.get(node.name);
    if (producer === undefined || own?.inputs[0] !== 'int8' || own.output !== 'int8') continue;
    const kind = operatorClass(producer, graph);
    // Of the layout operators, a Concat has a scale and zero point of its own, so that its range can begin at zero.
    const hasOwnSteps =
      plan.get(producer.name)?.output === 'int8' &&
      kind !== 'rectifier' &&
      (kind !== 'layout' || producer.opType === 'Concat');
    // A reader in 16 bits has signed steps, which would let the negative values through.
    const readers = consumers.get(output) ?? [];
    const wantsOther = readers.some((reader) =>
      reader.inputs.some(
        (name, index) => name === output && plan.get(reader.name)?.inputs[index] === 'int16',
      ),
    );
    if (!hasOwnSteps || wantsOther || outputs.has(output) || outputs.has(input)) continue;
    if (consumers.get(input)?.length !== 1) continue;
    renamed.set(input, output);
    folded.add(node);
  }
  return graph.nodes
    .filter((node) => !folded.has(node))
    .map((node) => ({
      ...node,
      inputs: [...node.inputs],
      outputs: node.outputs.map((name) => renamed.get(name) ?? name),
    }));
}
