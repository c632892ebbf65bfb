import { isAbsolute, join } from 'node:path';
import { defined } from '../core/defined.js';
import { camelCased } from '../core/keyCase.js';
import { BPU_CHIPS, type BpuChip } from './BpuChip.js';
import { DEFAULT_INPUT, nameOfFile, shortSideFor } from './defaultManifest.js';
import {
  ASSUMABLE_KEYS,
  type AssumableKey,
  type BuiltOnnxSource,
  type LabelSource,
  type ModelFileSource,
  type ModelManifest,
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
export function manifestFromYaml(yaml: ManifestYaml, { folderPath, origin }: ManifestPlace): ModelManifest {
  const { preprocess, files } = yaml;
  const name = yaml.name ?? nameOfFile(folderPath);
  const input = { ...DEFAULT_INPUT, ...camelCased(yaml.input) };
  const file = <Source extends FileYaml>(source: Source) => ({
    ...camelCased(source),
    file: source.url !== undefined || isAbsolute(source.file) ? source.file : join(folderPath, source.file),
  });
  const bpuQuantized = mapChips(files.bpu_quantized, file);
  const assumed = ASSUMABLE_KEYS.filter((key) => !isGiven(yaml, key));
  return defined({
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
    output: { activation: 'logits' as const, ...camelCased(yaml.output) },
    labels: toLabelSource(yaml.labels),
    files: defined({
      weights: files.weights && file(files.weights),
      onnx: files.onnx && toOnnxSource(files.onnx, file),
      onnxInt8: files.onnx_int8 && file(files.onnx_int8),
      bpu: mapChips(files.bpu, file),
      bpuQuantized: Object.keys(bpuQuantized).length === 0 ? undefined : bpuQuantized,
    }),
    deviceModels: mapChips(yaml.device_model, camelCased),
    published: mapChips(yaml.published, camelCased),
    quantized: yaml.quantized && camelCased(yaml.quantized),
    parameterCount: yaml.parameter_count,
    macCount: yaml.mac_count,
    folderPath,
    assumed: assumed.length === 0 ? undefined : assumed,
    origin,
  });
}

type FileYaml = NonNullable<ManifestYaml['files']['weights']>;
type OnnxYaml = NonNullable<ManifestYaml['files']['onnx']>;

/** Whether the file has the key. */
function isGiven(yaml: ManifestYaml, key: AssumableKey): boolean {
  let value: unknown = yaml;
  for (const part of key.split('.')) value = (value as Readonly<Record<string, unknown>>)[part];
  return value !== undefined;
}

function mapChips<In, Out>(
  table: Partial<Record<BpuChip, In | undefined>>,
  map: (value: In) => Out,
): Partial<Record<BpuChip, Out>> {
  const mapped: Partial<Record<BpuChip, Out>> = {};
  for (const chip of BPU_CHIPS) {
    const value = table[chip];
    if (value !== undefined) mapped[chip] = map(value);
  }
  return mapped;
}

function toOnnxSource(
  source: OnnxYaml,
  file: (source: FileYaml) => ModelFileSource,
): ModelFileSource | BuiltOnnxSource {
  const { builder, variant, file: name, ...rest } = source;
  if (builder !== undefined && variant !== undefined) return { builder, variant };
  return file({ ...rest, file: name ?? '' });
}

function toLabelSource(labels = 'auto'): LabelSource {
  if (labels === 'auto' || labels === 'none' || labels === 'imagenet1k') return { kind: labels };
  return { kind: 'file', file: labels };
}
