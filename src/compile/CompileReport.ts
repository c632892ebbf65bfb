import type { ModelAccuracy, OutputComparison } from '../quantize/compareOutputs.js';
import type { NodePlacement } from './NodePlacement.js';
import type { PerfEstimate } from './PerfEstimate.js';

/** A node that runs on the board's CPU, and the change that moves it to the BPU. */
export interface CpuNode extends NodePlacement {
  readonly remedy: string;
}

/** The compiler's estimate for one batch size: the sum of its subgraphs, without the CPU's work between them. */
export interface BatchEstimate extends PerfEstimate {
  readonly modelName: string;
  /** compile_mode: what the compiler optimised for. */
  readonly mode: string;
  readonly subgraphs: number;
  readonly isReused: boolean;
  readonly elapsedMs: number;
  readonly logPath: string;
}

/** Comparison of the BPU's model of a batch size with the float model. */
export interface BatchComparison extends OutputComparison {
  readonly batch: number;
}

/** Accuracy of the float model, effvit's int8 model and the BPU's models on the same labelled pictures. */
export interface CompileEvaluation {
  readonly pictureCount: number;
  readonly float: ModelAccuracy;
  readonly int8: OutputComparison;
  /** Ascending by batch. */
  readonly bpu: readonly BatchComparison[];
}

/** Result of a compilation, as `--json` prints it. */
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
  /** Number of nodes of the first batch size. */
  readonly nodeCounts: { readonly bpu: number; readonly cpu: number };
  readonly cpuNodes: readonly CpuNode[];
  /** The nodes whose output differs most from the float model's, worst first. */
  readonly leastSimilar: readonly NodePlacement[];
  readonly evaluation?: CompileEvaluation;
  readonly notes: readonly string[];
}
