import type { AblationRow } from './ablateSoftmax.js';
import type { NodeSimilarity } from './compareNodes.js';
import type { OutputComparison } from './compareOutputs.js';
import type { SpeedComparison } from './compareSpeed.js';
import type { Coverage } from './NodePlan.js';
import type { Precision } from './QuantParams.js';

/** What was made and how it compares with the float model; plain data, the form of `--json`. */
export interface QuantizeReport {
  readonly floatPath: string;
  readonly quantizedPath: string;
  readonly floatBytes: number;
  readonly quantizedBytes: number;
  readonly calibrationPictures: number;
  /** E.g. `max 0.99999`; with `(of 5 tried)` if it was searched for. */
  readonly calibrationMethod: string;
  readonly coverage: Coverage;
  /** Whether the weights' steps are so large that no CPU's sums saturate. */
  readonly isReducedRange: boolean;
  /** Nodes by the form of their output. */
  readonly nodeCounts: Readonly<Record<Precision, number>>;
  /** Whether the pictures compared on had been calibrated on: their figures flatter then. */
  readonly isComparedOnCalibration: boolean;
  readonly outputs: OutputComparison;
  /** Worst first. */
  readonly nodes: readonly NodeSimilarity[];
  /** Undefined if it was not asked for. */
  readonly speed?: SpeedComparison;
  readonly ablation?: readonly AblationRow[];
  /** What of the configuration had no effect, and why; one sentence each. */
  readonly notes: readonly string[];
}
