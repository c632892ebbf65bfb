import { isAbsolute, join } from 'node:path';
import { BPU_CHIPS } from './BpuChip.js';
import { DEFAULT_INPUT, nameOfFile, shortSideFor } from './defaultManifest.js';
import {
  ASSUMABLE_KEYS,
  type AssumableKey,
  type BuiltOnnxSource,
  type DeviceBatch,
  type LabelSource,
  type ModelFileSource,
  type ModelInput,
  type ModelManifest,
  type QuantizedFigures,
} from './ModelManifest.js';
import type { ManifestYaml } from './manifestSchema.js';

/** Origin of the text, for messages and for relative file names. */
export interface ManifestPlace {
  /** The file's path as messages name it. */
  readonly path: string;
  readonly folderPath: string;
  readonly origin: ModelManifest['origin'];
}

/** Converts the parsed keys of manifest.yaml. */
export function manifestFromYaml(yaml: ManifestYaml, place: ManifestPlace): ModelManifest {
  const { output, preprocess, files } = yaml;
  const name = yaml.name ?? nameOfFile(place.folderPath);
  const input = toInput(yaml.input);
  const file = (source: FileYaml): ModelFileSource => toFileSource(source, place.folderPath);
  return {
    name,
    title: yaml.title ?? name,
    description: yaml.description,
    licence: yaml.licence,
    sources: yaml.sources,
    input,
    preprocess: {
      resizeMode: preprocess.resize_mode,
      resizeShortSidePx: preprocess.resize_short_side_px ?? shortSideFor(input),
      padValue: preprocess.pad_value,
      yuvRange: preprocess.range,
    },
    output: {
      ...given('name', output.name),
      ...given('classCount', output.class_count),
      activation: output.activation ?? 'logits',
      ...given('temperature', output.temperature),
    },
    labels: toLabelSource(yaml.labels),
    files: {
      ...given('weights', files.weights && file(files.weights)),
      ...given('onnx', files.onnx && toOnnxSource(files.onnx, file)),
      ...given('onnxInt8', files.onnx_int8 && file(files.onnx_int8)),
      bpu: mapChips(files.bpu, (source) => ({
        ...file(source),
        march: source.march,
        ...given('inputSource', source.input_source),
        ...given('models', source.models),
      })),
      ...given('bpuQuantized', unlessEmpty(mapChips(files.bpu_quantized, file))),
    },
    deviceModels: mapChips(yaml.device_model, (device) => ({
      cores: device.cores,
      serviceMs: device.service_ms,
      hostMs: device.host_ms,
      ...given('kind', device.kind),
      ...given('ddrBytes', device.ddr_bytes),
      ...given('boundBy', device.bound_by),
      ...given('batches', device.batches?.map(toDeviceBatch)),
    })),
    published: mapChips(yaml.published, (figures) => ({
      source: figures.source,
      ...given('top1FloatPercent', figures.top1_float_percent),
      ...given('top1QuantizedPercent', figures.top1_quantized_percent),
      ...given('singleThreadLatencyMs', figures.single_thread_latency_ms),
      ...given('multiThreadLatencyMs', figures.multi_thread_latency_ms),
      ...given('multiThreadCount', figures.multi_thread_count),
      ...given('maxFps', figures.max_fps),
    })),
    ...given('quantized', yaml.quantized && toQuantizedFigures(yaml.quantized)),
    ...given('parameterCount', yaml.parameter_count),
    ...given('macCount', yaml.mac_count),
    folderPath: place.folderPath,
    ...given('assumed', unlessEmptyList(ASSUMABLE_KEYS.filter((key) => !isGiven(yaml, key)))),
    origin: place.origin,
  };
}

type DeviceYaml = NonNullable<ManifestYaml['device_model'][(typeof BPU_CHIPS)[number]]>;

function toQuantizedFigures(yaml: NonNullable<ManifestYaml['quantized']>): QuantizedFigures {
  return {
    of: yaml.of,
    pictures: yaml.pictures,
    top1FloatPercent: yaml.top1_float_percent,
    top1Int8Percent: yaml.top1_int8_percent,
    ...given('speedup', yaml.speedup),
  };
}

function toDeviceBatch(yaml: NonNullable<DeviceYaml['batches']>[number]): DeviceBatch {
  return {
    batch: yaml.batch,
    serviceMs: yaml.service_ms,
    ...given('ddrBytes', yaml.ddr_bytes),
    ...given('boundBy', yaml.bound_by),
  };
}

function unlessEmpty<T extends object>(table: T): T | undefined {
  return Object.keys(table).length === 0 ? undefined : table;
}

function toInput(input: ManifestYaml['input']): ModelInput {
  return {
    ...given('name', input.name),
    widthPx: input.width_px ?? DEFAULT_INPUT.widthPx,
    heightPx: input.height_px ?? DEFAULT_INPUT.heightPx,
    layout: input.layout ?? DEFAULT_INPUT.layout,
    color: input.color ?? DEFAULT_INPUT.color,
    mean: input.mean ?? DEFAULT_INPUT.mean,
    scale: input.scale ?? DEFAULT_INPUT.scale,
  };
}

/** Whether the file has the key. */
function isGiven(yaml: ManifestYaml, key: AssumableKey): boolean {
  let value: unknown = yaml;
  for (const part of key.split('.')) value = (value as Readonly<Record<string, unknown>>)[part];
  return value !== undefined;
}

function unlessEmptyList<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

type FileYaml = NonNullable<ManifestYaml['files']['weights']>;
type OnnxYaml = NonNullable<ManifestYaml['files']['onnx']>;

/** `{[key]: value}`, or nothing if the value is absent (exactOptionalPropertyTypes). */
function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}

function mapChips<In, Out>(
  table: Partial<Record<(typeof BPU_CHIPS)[number], In | undefined>>,
  map: (value: In) => Out,
): Partial<Record<(typeof BPU_CHIPS)[number], Out>> {
  const mapped: Partial<Record<(typeof BPU_CHIPS)[number], Out>> = {};
  for (const chip of BPU_CHIPS) {
    const value = table[chip];
    if (value !== undefined) mapped[chip] = map(value);
  }
  return mapped;
}

function toFileSource(source: FileYaml, folderPath: string): ModelFileSource {
  return {
    file: source.url !== undefined || isAbsolute(source.file) ? source.file : join(folderPath, source.file),
    ...given('url', source.url),
    ...given('lengthBytes', source.length_bytes),
    ...given('sha256', source.sha256),
  };
}

function toOnnxSource(
  source: OnnxYaml,
  file: (source: FileYaml) => ModelFileSource,
): ModelFileSource | BuiltOnnxSource {
  const { builder, variant, file: name, ...rest } = source;
  if (builder !== undefined && variant !== undefined) return { builder, variant };
  return file({ ...rest, file: name ?? '' });
}

function toLabelSource(labels: string | undefined): LabelSource {
  if (labels === undefined || labels === 'auto') return { kind: 'auto' };
  if (labels === 'none') return { kind: 'none' };
  if (labels === 'imagenet1k') return { kind: 'imagenet1k' };
  return { kind: 'file', file: labels };
}
