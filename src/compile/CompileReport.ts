import type { ModelAccuracy, OutputComparison } from '../quantize/compareOutputs.js';
import type { NodePlacement } from './NodePlacement.js';
import type { PerfEstimate } from './PerfEstimate.js';

/** A node on the CPU of the board, and what would bring it to the BPU. */
export interface CpuNode extends NodePlacement {
  readonly remedy: string;
}

/** The compiler's estimate of one batch: the sum of its parts, without what the CPU does between them. */
export interface BatchEstimate extends PerfEstimate {
  readonly modelName: string;
  readonly subgraphs: number;
  readonly isReused: boolean;
  readonly elapsedMs: number;
  readonly logPath: string;
}

/** The float model, effvit's int8 and the BPU's integers on the same labelled pictures. */
export interface CompileEvaluation {
  readonly pictureCount: number;
  readonly float: ModelAccuracy;
  readonly int8: OutputComparison;
  readonly bpu: OutputComparison;
}

/** What was compiled, plain data, the form of `--json`. */
export interface CompileReport {
  readonly model: string;
  readonly folder: string;
  readonly binPath: string;
  readonly binBytes: number;
  readonly level: string;
  readonly inputSource: string;
  readonly calibrationPictures: number;
  /** Ascending by batch. */
  readonly estimates: readonly BatchEstimate[];
  /** Of the first batch. */
  readonly nodeCounts: { readonly bpu: number; readonly cpu: number };
  readonly cpuNodes: readonly CpuNode[];
  /** Least similar first. */
  readonly leastSimilar: readonly NodePlacement[];
  readonly evaluation?: CompileEvaluation;
  readonly notes: readonly string[];
}
