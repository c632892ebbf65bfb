import type { Coverage } from './NodePlan.js';
import type { LabelledPlanes, PicturePlanes } from './PicturePlanes.js';
import type { Precision } from './QuantParams.js';
import type { MakertbinFile } from './readMakertbinConfig.js';

export const QUANTIZE_STAGES = ['calibrating', 'searching', 'comparing', 'timing', 'ablation'] as const;

export type QuantizeStage = (typeof QUANTIZE_STAGES)[number];

export interface QuantizeOptions {
  readonly config: MakertbinFile;
  /** The float model; `model_parameters.onnx_model` is what the vendor's compiler takes. */
  readonly onnxPath: string;
  /** The .onnx file to write. */
  readonly outputPath: string;
  /** Read once. */
  readonly calibration: AsyncIterable<PicturePlanes>;
  /** Pictures to compare the models on, labelled or not; default: some of those for calibration. */
  readonly evaluation?: () => AsyncIterable<LabelledPlanes>;
  /** Default `fast`. */
  readonly coverage?: Coverage;
  /** Precision of nodes by name, in which `*` matches any text; overrides the configuration, and the last one wins. */
  readonly overrides?: ReadonlyMap<string, Precision>;
  /** Use the whole int8 range for weights: sums of such a model saturate on x86 CPUs without VNNI. */
  readonly fullRange?: boolean;
  /** Compare int8, int16 and float softmax as well. */
  readonly ablation?: boolean;
  /** Rounds of the speed comparison, 0 to leave it out; default 60. */
  readonly speedRounds?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (stage: QuantizeStage, done: number, total?: number) => void;
}
