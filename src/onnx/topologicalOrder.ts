import { EffvitError } from '../core/EffvitError.js';
import type { OnnxGraph, OnnxNode } from './OnnxModel.js';

/** The node that makes each value, by value name. @throws EffvitError BAD_MODEL if two nodes make one value */
export function producersOf(graph: OnnxGraph): Map<string, OnnxNode> {
  const producers = new Map<string, OnnxNode>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (producers.has(output)) {
        throw new EffvitError('BAD_MODEL', `Two nodes make the value ${JSON.stringify(output)}.`, {
          context: { graphName: output },
        });
      }
      producers.set(output, node);
    }
  }
  return producers;
}

/** The nodes that read each value, by value name; a node that reads it twice is listed once. */
export function consumersOf(graph: OnnxGraph): Map<string, OnnxNode[]> {
  const consumers = new Map<string, OnnxNode[]>();
  for (const node of graph.nodes) {
    for (const input of valuesRead(node)) {
      const list = consumers.get(input);
      if (list === undefined) consumers.set(input, [node]);
      else list.push(node);
    }
  }
  return consumers;
}

/** Inputs of the node, and values of outer scopes that its subgraphs (If, Loop, Scan) read. */
export function valuesRead(node: OnnxNode): Set<string> {
  const read = new Set(node.inputs.filter((name) => name !== ''));
  for (const attribute of node.attributes.values()) {
    const graphs =
      attribute.type === 'graph' ? [attribute.value] : attribute.type === 'graphs' ? attribute.value : [];
    for (const graph of graphs) {
      const own = new Set([...graph.initializers.keys(), ...graph.inputs.map((value) => value.name)]);
      for (const inner of graph.nodes) for (const output of inner.outputs) own.add(output);
      const used = graph.nodes.flatMap((inner) => [...valuesRead(inner)]);
      for (const name of [...used, ...graph.outputs.map((value) => value.name)]) {
        if (!own.has(name)) read.add(name);
      }
    }
  }
  return read;
}

/**
 * The nodes, each after those that it depends on; a sorted list is returned unchanged.
 *
 * @throws EffvitError BAD_MODEL for a cycle
 */
export function topologicalOrder(graph: OnnxGraph): OnnxNode[] {
  const producers = producersOf(graph);
  const ordered = new Set<OnnxNode>();
  // Nodes whose dependencies are being placed: a second entry into one of them is a cycle.
  const open = new Set<OnnxNode>();
  // An explicit stack: a chain of 100,000 nodes would exhaust the call stack.
  const stack: { node: OnnxNode; pending: OnnxNode[] }[] = [];
  const enter = (node: OnnxNode): void => {
    if (ordered.has(node)) return;
    if (open.has(node)) {
      throw new EffvitError(
        'BAD_MODEL',
        `The graph has a cycle through the ${node.opType} node ${JSON.stringify(node.name)}.`,
        { context: { graphName: node.name } },
      );
    }
    open.add(node);
    const pending: OnnxNode[] = [];
    for (const name of valuesRead(node)) {
      const producer = producers.get(name);
      if (producer !== undefined) pending.push(producer);
    }
    stack.push({ node, pending: pending.reverse() });
  };
  for (const root of graph.nodes) {
    enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.pending.pop();
      if (next !== undefined) {
        enter(next);
      } else {
        ordered.add(top.node);
        stack.pop();
      }
    }
  }
  return [...ordered];
}
