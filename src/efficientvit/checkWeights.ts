import { EffvitError } from '../core/EffvitError.js';
import type { EfficientVitVariant } from '../model/manifestValues.js';
import { countElements, type WeightTensor } from '../weights/WeightTensor.js';
import {
  EFFICIENTVIT_ARCHITECTURES,
  type EfficientVitArchitecture,
  expectedTensors,
} from './EfficientVitArchitecture.js';

const HEAD_WEIGHT = 'head.linear.weight';

/** Buffers of some checkpoints that the graph does not need. */
const IGNORED = /(?:\.(?:num_batches_tracked|attention_bias_idxs)|^n_averaged)$/;

/** Most names listed in a message; further ones are counted. */
const NAMES_LISTED = 10;

/**
 * Validates a checkpoint for a variant. @returns its class count
 *
 * @param classCount Expected class count; null accepts any.
 * @param place Name of the checkpoint in error messages; a file's path.
 * @throws EffvitError BAD_WEIGHTS with up to ten each of the missing, additional, misshapen and non-finite tensors
 */
export function checkWeights(
  weights: ReadonlyMap<string, WeightTensor>,
  architecture: EfficientVitArchitecture,
  classCount: number | null,
  place: string,
): { classCount: number } {
  const classesInHead = classesOf(weights);
  const name = `efficientvit_${architecture.variant}`;
  const fail = (what: string): EffvitError => new EffvitError('BAD_WEIGHTS', `${place} ${what}.`);
  const expected = expectedTensors(architecture, classesInHead);
  const missing = [...expected.keys()].filter((tensor) => !weights.has(tensor));
  if (missing.length === expected.size) {
    const names = [...weights.keys()];
    const has = names.length === 0 ? 'no tensor at all' : `tensors such as ${listed(names, ', ', 3)}`;
    throw fail(
      `holds the weights of another network than ${name}: it has ${has}, and none of the ${expected.size} that are needed`,
    );
  }
  const extra = [...weights.keys()].filter((tensor) => !expected.has(tensor) && !IGNORED.test(tensor));
  const misshapen: string[] = [];
  const broken: string[] = [];
  for (const [path, dims] of expected) {
    const tensor = weights.get(path);
    if (tensor === undefined) continue;
    if (!isSameShape(tensor.dims, dims) || tensor.data.length !== countElements(dims)) {
      misshapen.push(`${path} is [${tensor.dims.join(', ')}] instead of [${dims.join(', ')}]`);
    }
    const fault = faultOf(path, tensor.data);
    if (fault !== null) broken.push(`${path} holds ${fault}`);
  }
  const problems = [
    ...(missing.length > 0 ? [`missing ${listed(missing, ', ')}`] : []),
    ...(extra.length > 0 ? [`not of this model ${listed(extra, ', ')}`] : []),
    ...[misshapen, broken].filter((texts) => texts.length > 0).map((texts) => listed(texts, '; ')),
  ];
  if (problems.length > 0) {
    const other = fittingVariant(weights)?.variant;
    if (other !== undefined && other !== architecture.variant) {
      throw fail(`holds the weights of efficientvit_${other}, not of ${name}: build that variant`);
    }
    throw fail(`does not fit ${name}: ${problems.join('; ')}`);
  }
  if (classesInHead < 1) throw fail('has a head without classes');
  if (classCount !== null && classCount !== classesInHead) {
    throw fail(
      `has a head of ${classesInHead} classes, not of ${classCount}: give the labels of these weights`,
    );
  }
  return { classCount: classesInHead };
}

function listed(texts: readonly string[], separator: string, limit = NAMES_LISTED): string {
  const rest = texts.length - limit;
  return texts.slice(0, limit).join(separator) + (rest > 0 ? ` and ${rest} more` : '');
}

/** Rows of the head's matrix or, if that is missing or malformed, length of its bias. */
function classesOf(weights: ReadonlyMap<string, Pick<WeightTensor, 'dims'>>): number {
  const matrix = weights.get(HEAD_WEIGHT)?.dims;
  const bias = weights.get('head.linear.bias')?.dims;
  return (matrix?.length === 2 ? matrix[0] : bias?.[0]) ?? 0;
}

/** The variant whose tensors are all present with the right shapes, with its class count; null if none. */
export function fittingVariant(
  weights: ReadonlyMap<string, Pick<WeightTensor, 'dims'>>,
): { variant: EfficientVitVariant; classCount: number } | null {
  const classCount = classesOf(weights);
  for (const architecture of Object.values(EFFICIENTVIT_ARCHITECTURES)) {
    const expected = expectedTensors(architecture, classCount);
    const fits = [...expected].every(([name, dims]) => isSameShape(weights.get(name)?.dims ?? [], dims));
    if (fits) return { variant: architecture.variant, classCount };
  }
  return null;
}

function isSameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, index) => length === b[index]);
}

/** The first non-finite value in words; null if there is none. */
function faultOf(name: string, data: Float32Array): string | null {
  const isVariance = name.endsWith('.running_var');
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (Number.isFinite(value) && !(isVariance && value < 0)) continue;
    if (Number.isNaN(value)) return 'NaN';
    return Number.isFinite(value) ? `the negative variance ${value}` : 'infinity';
  }
  return null;
}

/** Names of the head's matrix in timm and in MSRA's own code. */
const HEAD_MATRICES = ['head.linear.weight', 'head.l.weight'] as const;

/** MSRA's blocks2 and blocks3 begin with the downsampling: two residuals, patch merging, two residuals. */
const DOWNSAMPLE_PARTS = ['res1', 'patchmerge', 'res2'] as const;

/**
 * A checkpoint's tensors under timm's names: prefixes of wrappers (`module.`, `_orig_mod.`, `model.` and any other
 * prefix of the whole network) are removed, and names of MSRA's own code are translated. If a checkpoint has a network
 * and its moving average, the average is used, as in timm. Other tensors keep their names.
 */
export function toTimmNames<T>(tensors: ReadonlyMap<string, T>): Map<string, T> {
  const prefixes = [...tensors.keys()].flatMap((name) => {
    const head = HEAD_MATRICES.find((matrix) => name === matrix || name.endsWith(`.${matrix}`));
    return head === undefined ? [] : [name.slice(0, name.length - head.length)];
  });
  const chosen = prefixes.find((prefix) => /(?:^|[._])ema/i.test(prefix)) ?? prefixes[0] ?? '';
  const isMsra = tensors.has(`${chosen}head.l.weight`);
  const renamed = new Map<string, T>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith(chosen)) {
      const own = name.slice(chosen.length);
      renamed.set(isMsra ? fromMsra(own) : own, tensor);
    } else if (!prefixes.some((prefix) => prefix !== '' && name.startsWith(prefix))) {
      renamed.set(name, tensor);
    }
  }
  return renamed;
}

function fromMsra(name: string): string {
  const parts = name.split('.');
  // The module of a parameter: a convolution or a linear layer.
  const layer = parts.length - 2;
  if (parts[layer] === 'c') parts[layer] = 'conv';
  if (parts[layer] === 'l') parts[layer] = 'linear';
  const [module = '', index = '', ...rest] = parts;
  // A ReLU stands between the convolutions.
  if (module === 'patch_embed') return ['patch_embed', `conv${Number(index) / 2 + 1}`, ...rest].join('.');
  const stage = Number(/^blocks([123])$/.exec(module)?.[1] ?? 0) - 1;
  if (stage < 0) return parts.join('.');
  const downsample = stage === 0 ? undefined : DOWNSAMPLE_PARTS[Number(index)];
  if (downsample !== undefined) return ['stages', stage, 'downsample', downsample, ...rest].join('.');
  const block = Number(index) - (stage === 0 ? 0 : DOWNSAMPLE_PARTS.length);
  return ['stages', stage, 'blocks', block, ...rest].join('.');
}
