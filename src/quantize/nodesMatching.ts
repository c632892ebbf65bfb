import { EffvitError } from '../core/EffvitError.js';
import { nearestName } from '../core/nearestName.js';
import type { OnnxGraph } from '../onnx/OnnxModel.js';

/**
 * Names of the nodes that a pattern means: a node's name, in which `*` matches any text (`*Softmax*`).
 *
 * @throws EffvitError BAD_ARGUMENT if it means none
 */
export function nodesMatching(graph: OnnxGraph, pattern: string): string[] {
  const names = graph.nodes.map((node) => node.name);
  const expression = new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );
  const matching = names.filter((name) => expression.test(name));
  if (matching.length > 0) return matching;
  const near = nearestName(pattern, names);
  const hint = near === undefined ? '' : ` (nearest: ${near})`;
  throw new EffvitError('BAD_ARGUMENT', `The model has no node ${pattern}${hint}.`);
}
