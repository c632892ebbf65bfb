import { stringify } from 'yaml';
import { EffvitError } from '../core/EffvitError.js';
import type { BpuInputSource } from '../model/manifestValues.js';
import { parseVendorYaml } from '../quantize/parseVendorYaml.js';
import type { MakertbinFile } from '../quantize/readMakertbinConfig.js';

export const OPTIMIZE_LEVELS = ['O0', 'O1', 'O2', 'O3'] as const;

export type OptimizeLevel = (typeof OPTIMIZE_LEVELS)[number];

/** What the compiler optimises for: the fewest cycles, or the least memory traffic. */
export const COMPILE_MODES = ['latency', 'bandwidth'] as const;

export type CompileMode = (typeof COMPILE_MODES)[number];

/** A task of so many frames takes longer to compute than to load. */
const LATENCY_FROM_BATCH = 4;

/** The mode for a batch; undefined: as in the configuration, which is written for one frame. */
export function compileModeOf(batch: number, given: CompileMode | undefined): CompileMode | undefined {
  return given ?? (batch >= LATENCY_FROM_BATCH ? 'latency' : undefined);
}

/** Names in the compiler's work folder; its configuration has no other paths. */
export const WORK_NAMES = {
  model: 'model.onnx',
  calibration: 'calibration_f32',
  output: 'output',
  config: 'config.yaml',
} as const;

export interface CompilerConfigOptions {
  /** Name of the model inside the .bin. */
  readonly modelName: string;
  /** Undefined: as in the configuration. */
  readonly level: OptimizeLevel | undefined;
  /** Undefined: as in the configuration. */
  readonly mode: CompileMode | undefined;
  readonly inputSource: BpuInputSource;
  /** Name of the model's input, for `inputSource`. */
  readonly inputName: string;
}

/**
 * The configuration for hb_mapper: the user's, with other paths, name, level, mode and `debug`. `debug` adds the time of each
 * layer to the estimate and does not change the compiled model.
 *
 * @param content text of a valid configuration.
 */
export function compilerConfig(content: string, options: CompilerConfigOptions): string {
  const root = parseVendorYaml(content).document.toJS({ maxAliasCount: 100 }) as Record<
    string,
    Record<string, unknown>
  >;
  const { modelName, level, mode, inputSource, inputName } = options;
  const compiler: Record<string, unknown> = { ...root['compiler_parameters'], debug: true };
  // It belongs to the mode `balance` only.
  if (mode !== undefined) delete compiler['balance_factor'];
  const changed = {
    ...root,
    model_parameters: {
      ...root['model_parameters'],
      onnx_model: `./${WORK_NAMES.model}`,
      working_dir: `./${WORK_NAMES.output}`,
      output_model_file_prefix: modelName,
    },
    calibration_parameters: {
      ...root['calibration_parameters'],
      cal_data_dir: `./${WORK_NAMES.calibration}`,
      cal_data_type: 'float32',
    },
    compiler_parameters: {
      ...compiler,
      ...(level !== undefined && { optimize_level: level }),
      ...(mode !== undefined && { compile_mode: mode }),
      ...(inputSource !== 'pyramid' && { input_source: { [inputName]: inputSource } }),
    },
  };
  // All strings are quoted, because YAML 1.1 reads ON as true.
  return stringify(changed, {
    version: '1.1',
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'QUOTE_DOUBLE',
  });
}

/** @throws EffvitError BAD_CONFIG if this package could not run the result: another chip, another input than NV12 */
export function checkCompilable({ config, file }: MakertbinFile): void {
  const problems: string[] = [];
  if (config.model_parameters.march !== 'bayes-e') {
    const { march } = config.model_parameters;
    problems.push(`march is ${march}, and the toolchain compiles only for bayes-e (RDK X5)`);
  }
  const [runtime] = config.input_parameters.input_type_rt;
  if (runtime !== 'nv12') problems.push(`input_type_rt is ${runtime}, and the node gives nv12`);
  const [range] = config.input_parameters.input_space_and_range;
  if (range !== undefined && range !== 'regular') {
    problems.push(`input_space_and_range is ${range}, and the node's NV12 has full range, which is regular`);
  }
  const { layer_out_dump: dump, debug_mode: debugMode } = config.model_parameters;
  if (dump || debugMode !== undefined)
    problems.push('layer_out_dump and debug_mode make a .bin for debugging only');
  if (problems.length > 0) {
    throw new EffvitError('BAD_CONFIG', `${file} cannot be compiled for the node: ${problems.join('; ')}.`, {
      context: { file },
    });
  }
}
