import { readFileSync } from 'node:fs';
import { packagePath } from '../../src/core/packageRoot.js';
import {
  EFFICIENTVIT_ARCHITECTURES,
  expectedTensors,
} from '../../src/efficientvit/EfficientVitArchitecture.js';
import { EFFICIENTVIT_VARIANTS, type EfficientVitVariant } from '../../src/model/manifestValues.js';
import { countElements, type WeightTensor } from '../../src/weights/WeightTensor.js';

/** Values in [-1, 1) from a name: FNV-1a seeds a counter, murmur3's finaliser mixes it. */
export function uniform(name: string, count: number): Float64Array {
  let seed = 2166136261;
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 16777619) >>> 0;
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let x = (seed + Math.imul(i, 2654435761)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x ^= x >>> 16;
    values[i] = (x >>> 8) / 2 ** 23 - 1;
  }
  return values;
}

function formulaTensor(name: string, dims: readonly number[], gain: number): WeightTensor {
  const count = countElements(dims);
  const u = uniform(name, count);
  const fanIn = count / (dims[0] ?? 1);
  const value = (x: number): number => {
    if (name.endsWith('running_mean') || name.endsWith('.bias')) return 0.1 * x;
    if (name.endsWith('running_var')) return 1 + 0.5 * x;
    if (name.endsWith('bn.weight')) return 1 + 0.2 * x;
    if (name.endsWith('attention_biases')) return 0.5 * x;
    return x * Math.sqrt(gain / fanIn);
  };
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) data[i] = value(u[i] as number);
  return { dims, data, storedAs: 'F32' };
}

/** With it the signal neither dies out nor explodes, so that the logits depend on every layer. */
const LIVELY_GAIN = 1.75;

const cache = new Map<string, ReadonlyMap<string, WeightTensor>>();

/**
 * The state_dict that test/fixtures/efficientvit_logits.py describes. Tests share it: do not change it.
 *
 * @param gain Squared size of the weights, times fan-in.
 */
export function formulaWeights(
  variant: EfficientVitVariant,
  classCount = 1000,
  gain = LIVELY_GAIN,
): ReadonlyMap<string, WeightTensor> {
  const key = `${variant} ${classCount} ${gain}`;
  const cached = cache.get(key);
  if (cached !== undefined) return cached;
  const weights = new Map<string, WeightTensor>();
  for (const [name, dims] of expectedTensors(EFFICIENTVIT_ARCHITECTURES[variant], classCount)) {
    weights.set(name, formulaTensor(name, dims, gain));
  }
  cache.set(key, weights);
  return weights;
}

/** The picture that belongs to the measured logits: [1, 3, 224, 224], normalised. */
export function formulaPicture(): Float32Array {
  return Float32Array.from(uniform('input', 3 * 224 * 224), (value) => 2 * value);
}

export interface MeasuredVariant {
  readonly parameters: number;
  readonly logits: readonly number[];
}

/** What timm gives for those weights and that picture. */
export function measuredLogits(): Readonly<Record<EfficientVitVariant, MeasuredVariant>> {
  const text = readFileSync(packagePath('test', 'fixtures', 'efficientvit_logits.json'), 'utf8');
  const { variants } = JSON.parse(text) as { variants: Record<EfficientVitVariant, MeasuredVariant> };
  for (const variant of EFFICIENTVIT_VARIANTS) {
    if (variants[variant].logits.length !== 1000) throw new Error(`The fixture lacks ${variant}.`);
  }
  return variants;
}
