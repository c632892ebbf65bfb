import { z } from 'zod';
import { BPU_MARCHES } from '../model/BpuChip.js';

// Keys, spellings, ranges and defaults as the vendor's public manual of `hb_mapper makertbin` lists them
// (D-Robotics RDK documentation, "PTQ process", YAML parameters) and as the files of its model zoo use them.
// A value with several entries is one string with `;` between them, an entry for each model input.

const INPUT_TYPES_TRAIN = ['rgb', 'bgr', 'yuv444', 'gray', 'featuremap'] as const;
const LAYOUTS = ['NCHW', 'NHWC'] as const;

/** More inputs than any ONNX operator that a compiler of this kind takes. */
const MAX_NUMBERED_INPUTS = 32;

const OPTIMIZATION = /^set_(?:model_output|all_nodes|[A-Za-z0-9]+_(?:input|output))_int(?:8|16)$/;

const text = z.string();
const flag = z.boolean();
/** What the BPU's operators hold their values in. */
const dataType = z.enum(['int8', 'int16']);

/** PyYAML reads a lone number where the manual shows a string; the compiler takes both. */
const numberText = z
  .union([z.string(), z.number()], { error: 'expected a number or numbers' })
  .transform(String);

/** The entries of a value; an empty string has none, as the zoo writes it. */
export function entries(value: string): string[] {
  return value
    .split(';')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

const list = text.transform(entries);

function listOf<const T extends string>(values: readonly T[]) {
  return list.pipe(z.array(z.enum(values)));
}

/** A list of what `parse` makes of the entries; undefined for one that is not as expected. */
function parsedList<T>(source: z.ZodType<string>, expected: string, parse: (entry: string) => T | undefined) {
  return source.transform((value, context) =>
    entries(value).flatMap((entry) => {
      const item = parse(entry);
      if (item !== undefined) return [item];
      context.addIssue({ code: 'custom', message: `expected ${expected}, got '${entry}'` });
      return [];
    }),
  );
}

/** `123.675 116.28 103.53`: one number for all channels or one a channel; `None` for an input without. */
const channelValues = parsedList(numberText, 'numbers with spaces between', (entry) => {
  const numbers = entry === 'None' ? [] : entry.split(/\s+/).map(Number);
  return numbers.every(Number.isFinite) ? numbers : undefined;
});

const dimensions = parsedList(text, 'sizes like 1x3x224x224', (entry) => {
  const sizes = entry.split('x').map(Number);
  return sizes.every((size) => Number.isInteger(size) && size >= 1) ? sizes : undefined;
});

const optimizations = parsedList(
  text.transform((value) => value.replaceAll(',', ';')),
  'set_model_output_int8, set_all_nodes_int16, set_<operator>_input_int8 and the like',
  (name) => (OPTIMIZATION.test(name) ? name : undefined),
);

/** A number, or a string that holds one: the compiler's own reader converts it. */
function numeric(accepts: (value: number) => boolean, expected: string) {
  const error = `expected ${expected}`;
  const inText = z.string().regex(/^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/);
  return z.union([z.number(), inText.transform(Number)], { error }).refine(accepts, { error });
}

function integer(min: number, max: number, expected: string) {
  return numeric((value) => Number.isInteger(value) && value >= min && value <= max, expected);
}

/** `InputType0` is the type of a node's first input, and so on. */
export const NUMBERED_INPUT_TYPE = /^InputType(\d+)$/;

const numberedInputTypes = Object.fromEntries(
  Array.from({ length: MAX_NUMBERED_INPUTS }, (_, index) => [`InputType${index}`, dataType.optional()]),
);

const nodeInfo = z.strictObject({
  ON: z.enum(['BPU', 'CPU']).optional(),
  InputType: dataType.optional(),
  OutputType: dataType.optional(),
  ...numberedInputTypes,
});

const modelParameters = z.strictObject({
  onnx_model: text.min(1, { error: 'expected the path of an ONNX file' }),
  march: z.enum(BPU_MARCHES),
  output_model_file_prefix: text.regex(/^[^/\\\0]+$/, { error: 'expected a file name without folders' }),
  working_dir: text.min(1, { error: 'expected a folder' }).default('model_output'),
  layer_out_dump: flag.default(false),
  output_nodes: list.default([]),
  /** Node kinds that the compiler can cut off the model's ends. */
  remove_node_type: listOf(['Quantize', 'Transpose', 'Dequantize', 'Cast', 'Reshape']).default([]),
  remove_node_name: list.default([]),
  set_node_data_type: z.record(z.string(), dataType).default({}),
  debug_mode: z.enum(['dump_calibration_data']).optional(),
  log_level: z.enum(['debug', 'info', 'warning', 'error']).optional(),
  node_info: z.record(z.string(), nodeInfo).default({}),
});

const inputParameters = z.strictObject({
  input_name: list.default([]),
  input_type_train: listOf(INPUT_TYPES_TRAIN),
  input_layout_train: listOf(LAYOUTS),
  input_type_rt: listOf([...INPUT_TYPES_TRAIN, 'nv12']),
  input_layout_rt: listOf(LAYOUTS).default([]),
  input_space_and_range: listOf(['regular', 'bt601_video']).default([]),
  input_shape: dimensions.default([]),
  input_batch: integer(1, 128, 'a whole number from 1 to 128').default(1),
  norm_type: listOf(['data_mean_and_scale', 'data_mean', 'data_scale', 'no_preprocess']),
  mean_value: channelValues.default([]),
  scale_value: channelValues.default([]),
});

const calibrationParameters = z.strictObject({
  cal_data_dir: list.default([]),
  cal_data_type: listOf(['float32', 'uint8']).default([]),
  preprocess_on: flag.default(false),
  calibration_type: z.enum(['default', 'mix', 'kl', 'max', 'load', 'skip']).default('default'),
  max_percentile: numeric((value) => value > 0 && value <= 1, 'a number above 0.0, up to 1.0').default(1),
  per_channel: flag.default(false),
  run_on_cpu: list.default([]),
  run_on_bpu: list.default([]),
  optimization: optimizations.default([]),
});

const compilerParameters = z.strictObject({
  compile_mode: z.enum(['latency', 'bandwidth', 'balance']).default('latency'),
  balance_factor: integer(0, 100, 'a whole number from 0 to 100').optional(),
  debug: flag.default(false),
  core_num: integer(1, 2, '1 or 2').default(1),
  optimize_level: z.enum(['O0', 'O1', 'O2', 'O3']),
  input_source: z.record(z.string(), z.enum(['ddr', 'pyramid', 'resizer'])).default({}),
  max_time_per_fc: numeric(
    (us) => Number.isInteger(us) && (us === 0 || (us >= 1000 && us <= 4294967295)),
    '0 or a whole number of microseconds from 1000 to 4294967295',
  ).default(0),
  jobs: integer(1, 1024, 'a number of processes, 1 or more').optional(),
});

const customOp = z.strictObject({
  custom_op_method: z.enum(['register']).optional(),
  op_register_files: list.default([]),
  custom_op_dir: text.optional(),
});

/** The whole file of `hb_mapper makertbin --config`, keys as the vendor spells them. */
export const makertbinSchema = z.strictObject({
  model_parameters: modelParameters,
  input_parameters: inputParameters,
  calibration_parameters: calibrationParameters,
  compiler_parameters: compilerParameters,
  custom_op: customOp.optional(),
});

/** A read file: lists split, numbers parsed, defaults filled in. */
export type MakertbinConfig = z.output<typeof makertbinSchema>;

export type NodeInfo = z.output<typeof nodeInfo>;
