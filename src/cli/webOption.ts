import { Option } from 'commander';
import { numberParser } from './options.js';

export const DEFAULT_WEB_PORT = 8080;

/** `--web [port]`: the value is the port, or true. */
export function webOption(): Option {
  return new Option(
    '--web [port]',
    `a live page for browsers, with pictures, on this port (${DEFAULT_WEB_PORT})`,
  ).argParser(numberParser(1, 65_535, true));
}
