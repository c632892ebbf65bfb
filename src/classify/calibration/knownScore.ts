import { maxOf } from '../../pool/classProbabilities.js';

export const KNOWN_SCORES = ['energy', 'max_logit'] as const;

export type KnownScoreKind = (typeof KNOWN_SCORES)[number];

/**
 * How much a picture looks like any class of the model: lower for one that shows none of them.
 *
 * `energy`: the logarithm of the sum of the exponentials of all logits, the negative energy of Liu et al. 2020 at
 * temperature 1. `max_logit`: the largest logit (Hendrycks et al. 2022). Neither is a probability: a softmax would hide
 * that all classes are unlikely.
 *
 * @param logits float32, one per class, finite.
 */
export function knownScore(logits: Float32Array, kind: KnownScoreKind): number {
  const max = maxOf(logits);
  if (kind === 'max_logit') return max;
  let sum = 0;
  for (let index = 0; index < logits.length; index++) sum += Math.exp((logits[index] ?? 0) - max);
  return max + Math.log(sum);
}
