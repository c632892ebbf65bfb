import { InvalidArgumentError } from 'commander';
import { numberParser } from './options.js';

/** Factors of a recording's own pace, both ends included: of `play`, `replay` and launch/replay.launch.py. */
export const RATE_RANGE = { min: 0.01, max: 100 } as const;

/** For an option with such a factor. */
export const parseRate: (text: string) => number = numberParser(RATE_RANGE.min, RATE_RANGE.max);

/** The same where it may also go as fast as it can. */
export function parseRateOrMax(text: string): number | 'max' {
  if (text === 'max') return text;
  try {
    return parseRate(text);
  } catch {
    const { min, max } = RATE_RANGE;
    throw new InvalidArgumentError(`Expected max or a factor from ${min} to ${max} but received ${text}.`);
  }
}
