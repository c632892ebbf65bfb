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
  /** Whether weights use a reduced int8 range, so that sums saturate on no CPU. */
  readonly isReducedRange: boolean;
  /** Node counts by the precision of the output. */
  readonly nodeCounts: Readonly<Record<Precision, number>>;
  /** Whether the models were compared on calibration pictures, which gives too good figures. */
  readonly isComparedOnCalibration: boolean;
  readonly outputs: OutputComparison;
  /** Worst first. */
  readonly nodes: readonly NodeSimilarity[];
  /** Undefined if it was not asked for. */
  readonly speed?: SpeedComparison;
  readonly ablation?: readonly AblationRow[];
  /** Settings of the configuration that have no effect, and why; one sentence each. */
  readonly notes: readonly string[];
}
