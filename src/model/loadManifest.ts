import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { defined } from '../core/defined.js';
import { EffvitError } from '../core/EffvitError.js';
import { camelCased, snakeCased } from '../core/keyCase.js';
import { packagePath } from '../core/packageRoot.js';
import { decodeUtf8, readInput } from '../core/readInput.js';
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

/** Larger than any manifest; prevents parsing a wrong path (e.g. a model file) as YAML for minutes. */
const MAX_MANIFEST_BYTES = 256 * 1024;

/** Written by scripts/build.mjs. */
const PARSED_MANIFESTS = 'build/manifests.json';

/** The file that makes a folder a model. */
export const MANIFEST_NAME = 'manifest.yaml';

/**
 * Reads `<folder>/manifest.yaml`.
 *
 * @throws EffvitError NOT_FOUND (no such file), BAD_MANIFEST (all its problems in one sentence), IO_FAILED.
 */
export async function loadManifest(
  folder: string,
  origin: ModelManifest['origin'] = 'folder',
): Promise<ModelManifest> {
  const folderPath = resolve(folder);
  const path = join(folderPath, MANIFEST_NAME);
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) {
    throw new EffvitError(
      'NOT_FOUND',
      `There is no ${MANIFEST_NAME} in ${folderPath}: write one, or name a folder that has one.`,
      { context: { file: folderPath } },
    );
  }
  if (info.size > MAX_MANIFEST_BYTES) {
    throw new EffvitError(
      'BAD_MANIFEST',
      `The manifest ${path} has ${info.size} bytes, more than the ${MAX_MANIFEST_BYTES} a manifest may have: is it another file?`,
      { context: { file: path } },
    );
  }
  const bytes = await readInput(path);
  return manifestFromYaml(await parsed(bytes, path), folderPath, origin);
}

/**
 * Manifests parsed by the build, by the SHA-256 of their text: bundled models then need no YAML parser, which takes 90
 * ms.
 */
let parsedByBuild: Readonly<Record<string, ManifestYaml>> | undefined;

async function parsed(bytes: Uint8Array, path: string): Promise<ManifestYaml> {
  parsedByBuild ??= await readFile(packagePath(PARSED_MANIFESTS), 'utf8')
    .then((text) => JSON.parse(text) as Readonly<Record<string, ManifestYaml>>)
    .catch(() => ({}));
  const known = parsedByBuild[createHash('sha256').update(bytes).digest('hex')];
  if (known !== undefined) return known;
  const { parseManifest } = await import('./parseManifest.js');
  return parseManifest(decodeUtf8(bytes, path, 'BAD_MANIFEST'), path);
}

/** Converts the parsed keys of the manifest.yaml in a folder. */
export function manifestFromYaml(
  yaml: ManifestYaml,
  folderPath: string,
  origin: ModelManifest['origin'],
): ModelManifest {
  const { preprocess, files } = yaml;
  const name = yaml.name ?? nameOfFile(folderPath);
  const input = { ...DEFAULT_INPUT, ...camelCased(yaml.input) };
  const file = <Source extends FileYaml>(source: Source) => ({
    ...camelCased(source),
    file: source.url !== undefined || isAbsolute(source.file) ? source.file : join(folderPath, source.file),
  });
  const bpuQuantized = mapChips(files.bpu_quantized, file);
  const assumed = ASSUMABLE_KEYS.filter((key) => keyValue(yaml, key) === undefined);
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

function keyValue(yaml: ManifestYaml, key: AssumableKey): unknown {
  let value: unknown = yaml;
  for (const part of key.split('.')) value = (value as Readonly<Record<string, unknown>>)[part];
  return value;
}

function mapChips<In, Out>(
  table: Partial<Record<BpuChip, In | undefined>>,
  map: (value: In) => Out,
): Partial<Record<BpuChip, Out>> {
  const entries = BPU_CHIPS.flatMap((chip) => {
    const value = table[chip];
    return value === undefined ? [] : [[chip, map(value)] as const];
  });
  return Object.fromEntries(entries) as Partial<Record<BpuChip, Out>>;
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

/**
 * The manifest.yaml of a model made from another one: preprocessing and output are copied; tensor names are left out,
 * since a classifier has one input and one output.
 *
 * @param labels value of the key `labels`
 */
export function inheritedManifestYaml(
  { licence, sources, input, preprocess, output }: ModelManifest,
  classCount: number,
  labels: string,
): object {
  const { yuvRange: range, ...resize } = preprocess;
  const { activation, temperature } = output;
  const content = {
    licence,
    sources,
    input: { ...input, name: undefined },
    preprocess: { ...resize, range },
    output: { classCount, activation, temperature },
    labels,
  };
  return snakeCased(content) as object;
}
