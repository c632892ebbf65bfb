import type { Precision } from './QuantParams.js';

/** Precision of one node's inputs and outputs. */
export interface NodePlan {
  /** For each input of the node, in its order. */
  readonly inputs: readonly Precision[];
  /** For every output. */
  readonly output: Precision;
}

/** Plans by node name; every node of the prepared graph has one. */
export type QuantizationPlan = ReadonlyMap<string, NodePlan>;

/**
 * Which nodes become int8 if the configuration does not say: `fast` those that gain time on a CPU,
 * `full` every one that a BPU would compute in int8, to see what that costs in accuracy.
 */
export const COVERAGES = ['fast', 'full'] as const;

export type Coverage = (typeof COVERAGES)[number];
