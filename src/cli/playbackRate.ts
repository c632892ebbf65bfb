import { InvalidArgumentError } from 'commander';
import { numberParser } from './options.js';

/** Range of the playback rate, both ends included, in `play`, `replay` and launch/replay.launch.py. */
export const RATE_RANGE = { min: 0.01, max: 100 } as const;

/** Parser of an option with a playback rate. */
export const parseRate: (text: string) => number = numberParser(RATE_RANGE.min, RATE_RANGE.max);

/** The same, and also `max`: as fast as possible. */
export function parseRateOrMax(text: string): number | 'max' {
  if (text === 'max') return text;
  try {
    return parseRate(text);
  } catch {
    const { min, max } = RATE_RANGE;
    throw new InvalidArgumentError(`Expected max or a factor from ${min} to ${max} but received ${text}.`);
  }
}
