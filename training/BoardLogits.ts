import { readFileSync } from 'node:fs';
import { packagePath } from '../src/core/packageRoot.js';

/** What the BPU says to the bundled recording: `models/efficientvit_m5_signs/board_logits.json`. */
export interface BoardLogits {
  /** Of the .bin that says so. */
  readonly binSha256: string;
  /** A logit is its integer times its class's scale, in float32. */
  readonly scales: readonly number[];
  readonly frames: readonly BoardFrame[];
}

export interface BoardFrame {
  readonly topic: string;
  /** Seconds and nanoseconds. */
  readonly stamp: readonly [number, number];
  /** Of the picture that the BPU got; another one has other logits. */
  readonly nv12Sha256: string;
  /** One int32 a class. */
  readonly integers: readonly number[];
}

export const BOARD_LOGITS_PATH = packagePath('models', 'efficientvit_m5_signs', 'board_logits.json');

export function readBoardLogits(path = BOARD_LOGITS_PATH): BoardLogits {
  return JSON.parse(readFileSync(path, 'utf8')) as BoardLogits;
}

/** The integers that give these logits. @throws Error for a logit that is no whole multiple of its class's scale */
export function integersOf(logits: Float32Array, scales: readonly number[]): number[] {
  return Array.from(logits, (logit, index) => {
    const scale = scales[index] ?? Number.NaN;
    const integer = Math.round(logit / scale);
    if (Math.fround(integer * scale) !== logit) {
      throw new Error(`logit ${index} is ${logit}, which is no whole multiple of ${scale}`);
    }
    return integer;
  });
}
