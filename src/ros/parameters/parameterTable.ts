import {
  CLASSIFIER_OPTIONS,
  type ClassifierOptionName,
  type ClassifierOptions,
} from '../../classify/classifierOptions.js';
import { RESULT_CHOICES } from '../../classify/RegionResult.js';
import { separatedWords } from '../../core/keyCase.js';
import { fillOptions, type OptionTable, type OptionValues } from '../../core/optionTable.js';

/** Parameters of the node itself, in ROS spelling. */
const NODE_PARAMETERS = {
  image_topics: {
    type: 'string_array',
    defaultValue: ['image'] as readonly string[],
    description: 'Camera topics, one or many; relative names follow the namespace and can be remapped.',
    change: 'restart',
  },
  image_transport: {
    type: 'string',
    defaultValue: 'auto',
    choices: ['auto', 'raw', 'compressed'],
    description:
      'auto subscribes to the type that a publisher of <topic> sends (sensor_msgs/Image or CompressedImage, hbm_img_msgs/HbmMsg480P, 540P or 1080P, or video), else to CompressedImage on <topic>/compressed, and follows changes. raw subscribes only to sensor_msgs/Image, compressed only to CompressedImage on <topic>/compressed.',
    change: 'restart',
  },
  enabled: {
    type: 'boolean',
    defaultValue: true,
    description:
      'false pauses the active node: it subscribes to no camera, and ~/classify takes single frames. The service ~/enable sets it.',
  },
  classification_per_camera: {
    type: 'boolean',
    defaultValue: false,
    description:
      "Publish each camera's results on a separate topic, classification/ and the camera's name in image_topics, instead of all on classification.",
    change: 'restart',
  },
  classification_results: {
    type: 'string',
    defaultValue: 'raw',
    choices: [...RESULT_CHOICES],
    description:
      'With smoothing: the results in classification, classified_detections, perception_targets and the debug image. Smoothed results are always published on classification_smoothed (with classification_per_camera: classification_smoothed/ and the name) and classified_detections_smoothed.',
  },
  detections_topics: {
    type: 'string_array',
    defaultValue: [''] as readonly string[],
    description:
      'Topics of detectors (vision_msgs/Detection2DArray) whose boxes are classified instead of whole frames: one for all cameras, or one per camera in the order of image_topics, empty for a camera without a detector. Results are published on classified_detections.',
    change: 'restart',
  },
  perception_targets: {
    type: 'string',
    defaultValue: '',
    description:
      'Topic for results in the format of TROS (ai_msgs/PerceptionTargets, and PerceptionInfo on <topic>_info), for its web page, fusion and recorders, e.g. hobot_dnn_detection; empty publishes none.',
    change: 'restart',
  },
  class_id_format: {
    type: 'string',
    defaultValue: 'index',
    choices: ['index', 'label'],
    description:
      'Content of class_id in a published hypothesis: index is the id, whose name is in label_info, as vision_msgs intends; label is the name itself.',
  },
  debug_image_scale: {
    type: 'double',
    defaultValue: 1,
    range: { min: 0.1, max: 4 },
    description:
      'Size of the picture in the debug image as a factor of the frame, within 960x720. The image is only made while it has a subscriber, at most ten times a second.',
  },
  web_port: {
    type: 'integer',
    defaultValue: 0,
    range: { min: 0, max: 65_535 },
    description:
      'Port of the live page: pictures, results, stages, drops and diagnostics in a browser; 0 serves none.',
  },
  web_address: {
    type: 'string',
    defaultValue: '127.0.0.1',
    description:
      'Address of the live page; 127.0.0.1 is for this machine only, 0.0.0.0 for everybody who can reach it.',
  },
  'diagnostic_updater.period': {
    type: 'double',
    defaultValue: 1,
    range: { min: 0.1, max: 60 },
    description: 'Seconds between two messages on /diagnostics.',
  },
  'diagnostic_updater.use_fqn': {
    type: 'boolean',
    defaultValue: false,
    description:
      "The entries on /diagnostics begin with the node's fully qualified name (/classifier: pipeline). In a namespace they always do (/robot1/classifier: pipeline), so that robots can be distinguished.",
  },
  'diagnostics.expected_fps': {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 10_000 },
    description:
      'Frames a second that each camera should deliver; WARN when it differs by more than a tenth; 0 turns the check off.',
  },
  'diagnostics.max_allowed_processing_time_ms': {
    type: 'double',
    defaultValue: 200,
    range: { min: 0, max: 60_000 },
    description: 'WARN when the p95 from admission to result exceeds this; 0 turns the check off.',
  },
  'diagnostics.max_acceptable_consecutive_delay_ms': {
    type: 'double',
    defaultValue: 1000,
    range: { min: 0, max: 600_000 },
    description: 'ERROR when processing stays over its limit for longer than this; 0 turns the check off.',
  },
  'diagnostics.stale_after_ms': {
    type: 'double',
    defaultValue: 3000,
    range: { min: 100, max: 600_000 },
    description: 'STALE when a camera delivered no frame for this long.',
  },
} as const satisfies OptionTable;

/** ROS spelling: `maxAgeMs` becomes `max_age_ms`. */
type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : '';

type ClassifierParameters = {
  readonly [Name in ClassifierOptionName as SnakeCase<Name>]: (typeof CLASSIFIER_OPTIONS)[Name];
};

const OPTION_NAMES = Object.keys(CLASSIFIER_OPTIONS) as ClassifierOptionName[];

const parameterOf = (option: string): string => separatedWords(option, '_');

/** Every ROS parameter of the node: the classifier's options under ROS names, then the node's own. */
export const PARAMETERS = {
  ...(Object.fromEntries(
    OPTION_NAMES.map((name) => [parameterOf(name), CLASSIFIER_OPTIONS[name]]),
  ) as unknown as ClassifierParameters),
  ...NODE_PARAMETERS,
} as const satisfies OptionTable;

export type NodeParameterName = keyof typeof PARAMETERS;
export type NodeParameterValues = OptionValues<typeof PARAMETERS>;

export const PARAMETER_NAMES = Object.keys(PARAMETERS) as NodeParameterName[];

export const isParameterName = (name: string): name is NodeParameterName => Object.hasOwn(PARAMETERS, name);

/** @throws EffvitError BAD_CONFIG with every problem in one message. */
export function fillParameters(given: Readonly<Record<string, unknown>> = {}): NodeParameterValues {
  return fillOptions(PARAMETERS, given, 'parameter');
}

/** The classifier's options from the node's parameters. A camera cannot wait, so `block` drops the newest frame. */
export function classifierOptionsOf(values: NodeParameterValues): ClassifierOptions {
  const options = Object.fromEntries(
    OPTION_NAMES.map((name) => [name, values[parameterOf(name) as NodeParameterName]]),
  ) as unknown as ClassifierOptions;
  return options.dropPolicy === 'block' ? { ...options, dropPolicy: 'newest' } : options;
}
