import { EffvitError } from './EffvitError.js';

/**
 * Every parameter of the node, once. From this table come the ROS parameter descriptors, the flags of the
 * command line, the comments of config/classifier.yaml and the rows of the README.
 */
export interface ParameterSpec<Value extends ParameterValue = ParameterValue> {
  /** As ROS spells it; the command line's flag is the same with dashes. */
  readonly name: string;
  readonly type: ParameterType;
  readonly defaultValue: Value;
  /** One sentence; the unit stands in the name. */
  readonly description: string;
  /** Inclusive bounds of numbers. */
  readonly range?: { readonly min: number; readonly max: number };
  /** The values that a string may have. */
  readonly choices?: readonly string[];
  /**
   * `live`: may change while the node is active. `inactive`: may change while it is not configured; taken at the
   * next configure. `read_only`: from the launch or the parameter file alone.
   */
  readonly change: 'live' | 'inactive' | 'read_only';
}

export type ParameterType = 'string' | 'integer' | 'double' | 'boolean' | 'string_array';
export type ParameterValue = string | number | boolean | readonly string[];

export const RESIZE_MODES = ['model', 'stretch', 'crop', 'letterbox'] as const;
export const DROP_POLICIES = ['oldest', 'newest', 'block'] as const;

export const PARAMETERS = [
  {
    name: 'model',
    type: 'string',
    defaultValue: 'auto',
    description:
      'Name of a model, a folder with a manifest.yaml, or an .onnx or .bin file; auto takes efficientvit_m5 where its files were pulled, else the bundled efficientvit_m5_signs.',
    change: 'live',
  },
  {
    name: 'backend',
    type: 'string',
    defaultValue: 'auto',
    choices: ['auto', 'onnx', 'bpu', 'bpu_sim'],
    description:
      'Where inference runs; auto takes bpu where libdnn.so loads and the model has a .bin for this chip, else onnx. bpu_sim is a simulation.',
    change: 'live',
  },
  {
    name: 'threads',
    type: 'integer',
    defaultValue: 2,
    range: { min: 1, max: 16 },
    description:
      'Inference worker threads; on a CPU at most its cores, on a BPU 4 keep it busy and 8 show its maximum.',
    change: 'live',
  },
  {
    name: 'intra_op_threads',
    type: 'integer',
    defaultValue: 1,
    range: { min: 1, max: 16 },
    description:
      'Threads of ONNX Runtime that compute one frame together: more shorten its latency while cores are idle, and cost latency and results where none is. On the CPU alone.',
    change: 'inactive',
  },
  {
    name: 'top_k',
    type: 'integer',
    defaultValue: 5,
    range: { min: 1, max: 1000 },
    description: 'Results per frame, best first; fewer when the model has fewer classes.',
    change: 'live',
  },
  {
    name: 'score_threshold',
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 1 },
    description:
      'Results with a smaller score are left out; a frame whose results are all left out is published with none.',
    change: 'live',
  },
  {
    name: 'resize_mode',
    type: 'string',
    defaultValue: 'model',
    choices: RESIZE_MODES,
    description:
      'How a frame becomes 224x224: as the manifest of the model says, stretched, short side resized and centre cropped, or letterboxed.',
    change: 'live',
  },
  {
    name: 'resize_filter',
    type: 'string',
    defaultValue: 'auto',
    choices: ['auto', 'bilinear', 'antialias', 'area'],
    description:
      'Pixels of the resized frame: bilinear is quickest and leaves pixels out, antialias is what Pillow and torchvision do, area averages; auto is area when shrinking more than twice, else antialias.',
    change: 'live',
  },
  {
    name: 'nv12_range',
    type: 'string',
    defaultValue: 'model',
    choices: ['model', 'full', 'limited'],
    description: 'BT.601 range of the NV12 that the model gets; model takes what its manifest says.',
    change: 'inactive',
  },
  {
    name: 'source_yuv_range',
    type: 'string',
    defaultValue: 'full',
    choices: ['full', 'limited'],
    description:
      'BT.601 range of YUV images that arrive (nv12, nv21, nv24, yuv422, yuv422_yuy2): image processors differ.',
    change: 'live',
  },
  {
    name: 'image_topics',
    type: 'string_array',
    defaultValue: ['image'] as readonly string[],
    description: 'Camera topics, one or many; relative names follow the namespace and can be remapped.',
    change: 'inactive',
  },
  {
    name: 'image_transport',
    type: 'string',
    defaultValue: 'raw',
    choices: ['raw', 'compressed'],
    description:
      'raw subscribes to sensor_msgs/Image, compressed to sensor_msgs/CompressedImage on <topic>/compressed.',
    change: 'inactive',
  },
  {
    name: 'queue_size',
    type: 'integer',
    defaultValue: 0,
    range: { min: 0, max: 1000 },
    description:
      'Frames that may wait for a worker, over all cameras together; 0 is one for each camera, so that results are of the newest frames (4 where the reader of a bag blocks).',
    change: 'live',
  },
  {
    name: 'drop_policy',
    type: 'string',
    defaultValue: 'oldest',
    choices: DROP_POLICIES,
    description:
      'What a full queue does: drop the oldest waiting frame, drop the newest, or block the entrance (the reader of a bag waits; a live topic cannot, and drops the newest).',
    change: 'live',
  },
  {
    name: 'max_age_ms',
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 60_000 },
    description: 'A frame that waited longer than this in the queue is dropped as too_old; 0 keeps all.',
    change: 'live',
  },
  {
    name: 'ordered',
    type: 'boolean',
    defaultValue: true,
    description: 'Publish the results of one camera in the order of its frames, whatever worker was faster.',
    change: 'inactive',
  },
  {
    name: 'max_fps',
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 10_000 },
    description:
      'Most frames a second taken from each camera; the rest is dropped as rate_limited; 0 takes all.',
    change: 'live',
  },
  {
    name: 'class_id_format',
    type: 'string',
    defaultValue: 'label',
    choices: ['label', 'index'],
    description: 'What class_id of a published hypothesis holds: the label or the index as text.',
    change: 'live',
  },
  {
    name: 'inference_timeout_ms',
    type: 'double',
    defaultValue: 5000,
    range: { min: 10, max: 600_000 },
    description:
      'A worker that holds one frame longer than this is replaced and the frame dropped as timed_out.',
    change: 'inactive',
  },
  {
    name: 'bpu_core',
    type: 'string',
    defaultValue: 'any',
    choices: ['any', '0', '1'],
    description: 'BPU core that runs the model; the X5 has core 0 alone, the X3 has 0 and 1.',
    change: 'inactive',
  },
  {
    name: 'bpu_priority',
    type: 'integer',
    defaultValue: 0,
    range: { min: 0, max: 255 },
    description: 'Priority of the tasks on the BPU; 0 is the lowest, 255 preempts.',
    change: 'inactive',
  },
  {
    name: 'bpu_sim_results',
    type: 'string',
    defaultValue: 'hash',
    choices: ['hash', 'cpu'],
    description:
      'Where the simulated BPU gets its scores: hash makes some up from the frame at no cost, so that times alone mean something; cpu runs the model on the CPU, which is slower than the BPU.',
    change: 'inactive',
  },
  {
    name: 'debug_image_scale',
    type: 'double',
    defaultValue: 1,
    range: { min: 0.1, max: 4 },
    description:
      'Size of the picture in the debug image as a factor of the frame, within 960x720; the image is made only while somebody subscribes, ten times a second at most.',
    change: 'live',
  },
  {
    name: 'diagnostic_updater.period',
    type: 'double',
    defaultValue: 1,
    range: { min: 0.1, max: 60 },
    description: 'Seconds between two messages on /diagnostics.',
    change: 'live',
  },
  {
    name: 'diagnostics.expected_fps',
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 10_000 },
    description:
      'Frames a second that each camera should deliver; WARN when it differs by more than a tenth; 0 does not judge.',
    change: 'live',
  },
  {
    name: 'diagnostics.max_allowed_processing_time_ms',
    type: 'double',
    defaultValue: 200,
    range: { min: 0, max: 60_000 },
    description: 'WARN when the p95 from admission to result exceeds this; 0 does not judge.',
    change: 'live',
  },
  {
    name: 'diagnostics.max_acceptable_consecutive_delay_ms',
    type: 'double',
    defaultValue: 1000,
    range: { min: 0, max: 600_000 },
    description: 'ERROR when processing stays over its limit for longer than this; 0 does not judge.',
    change: 'live',
  },
  {
    name: 'diagnostics.stale_after_ms',
    type: 'double',
    defaultValue: 3000,
    range: { min: 100, max: 600_000 },
    description: 'STALE when a camera delivered no frame for this long.',
    change: 'live',
  },
] as const satisfies readonly ParameterSpec[];

export type ParameterName = (typeof PARAMETERS)[number]['name'];

type Widened<Value> = Value extends string
  ? string
  : Value extends number
    ? number
    : Value extends boolean
      ? boolean
      : readonly string[];

type SpecOf<Name extends ParameterName> = Extract<(typeof PARAMETERS)[number], { name: Name }>;

type ValueOf<Spec> = Spec extends { choices: readonly (infer Choice)[] }
  ? Choice
  : Spec extends { defaultValue: infer Value }
    ? Widened<Value>
    : never;

/** All parameters with their values; what {@link fillParameters} returns. */
export type Parameters = { readonly [Name in ParameterName]: ValueOf<SpecOf<Name>> };

const BY_NAME: ReadonlyMap<string, ParameterSpec> = new Map(PARAMETERS.map((spec) => [spec.name, spec]));

/** The table's row of that name. @throws EffvitError BAD_ARGUMENT for a name that is not in the table. */
export function parameterSpec(name: string): ParameterSpec {
  const spec = BY_NAME.get(name);
  if (spec === undefined) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `There is no parameter ${name}: expected one of ${[...BY_NAME.keys()].join(', ')}.`,
    );
  }
  return spec;
}

/**
 * Why a value cannot be taken, as one sentence, or undefined where it can. The sentence is what
 * `ros2 param set` prints.
 */
export function parameterProblem(spec: ParameterSpec, value: unknown): string | undefined {
  const refusal = valueProblem(expectation(spec), spec.name, value);
  switch (spec.type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : refusal;
    case 'string':
      if (typeof value !== 'string' || value === '') return refusal;
      return spec.choices === undefined || spec.choices.includes(value) ? undefined : refusal;
    case 'string_array':
      return Array.isArray(value) &&
        value.length > 0 &&
        value.every((item) => typeof item === 'string' && item !== '') &&
        new Set(value).size === value.length
        ? undefined
        : refusal;
    case 'integer':
    case 'double': {
      if (typeof value !== 'number' || !Number.isFinite(value)) return refusal;
      if (spec.type === 'integer' && !Number.isInteger(value)) return refusal;
      const { min, max } = spec.range ?? { min: -Infinity, max: Infinity };
      return value >= min && value <= max ? undefined : refusal;
    }
  }
}

const SHOWN_CHARACTERS = 120;

/** The one sentence of a value that cannot be taken. */
export function valueProblem(expected: string, name: string, value: unknown): string {
  return `Expected ${expected} for ${name} but received ${shown(value)}.`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'no value';
  // JSON has neither NaN nor bigint.
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item));
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}...`;
}

function expectation(spec: ParameterSpec): string {
  if (spec.choices !== undefined) return `one of ${spec.choices.join(', ')}`;
  const article = spec.type === 'integer' ? 'an integer' : 'a number';
  if (spec.range !== undefined) return `${article} from ${spec.range.min} to ${spec.range.max}`;
  switch (spec.type) {
    case 'boolean':
      return 'true or false';
    case 'string_array':
      return 'a list of different, non-empty texts';
    case 'string':
      return 'a non-empty text';
    default:
      return article;
  }
}

/**
 * Fills the defaults into what was given, checks everything and freezes it.
 *
 * @throws EffvitError BAD_CONFIG with every problem in one message.
 */
export function fillParameters(given: Readonly<Record<string, unknown>> = {}): Parameters {
  const problems: string[] = [];
  for (const name of Object.keys(given)) {
    if (!BY_NAME.has(name)) problems.push(`There is no parameter ${name}.`);
  }
  const filled: Record<string, unknown> = {};
  for (const spec of PARAMETERS) {
    const value = given[spec.name] ?? spec.defaultValue;
    const problem = parameterProblem(spec, value);
    if (problem !== undefined) problems.push(problem);
    filled[spec.name] = Array.isArray(value) ? Object.freeze([...value]) : value;
  }
  if (problems.length > 0) throw new EffvitError('BAD_CONFIG', problems.join(' '));
  // The loop above has checked every entry against the row that the type is derived from.
  return Object.freeze(filled) as Parameters;
}
