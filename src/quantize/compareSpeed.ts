import type { OnnxModel } from '../onnx/OnnxModel.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { FloatValue } from './OrtRunner.js';
import { throwIfCancelled } from './throwIfCancelled.js';
import { withRunners } from './withRunners.js';

/** Times of two models on this machine, one thread, run alternately under the same load. */
export interface SpeedComparison {
  readonly rounds: number;
  readonly floatMedianMs: number;
  readonly quantizedMedianMs: number;
  /** Median of float time / quantised time, round by round: above 1 the quantised model is faster. */
  readonly ratio: number;
}

/** Rounds that warm up caches and allocations. */
const WARM_UP_ROUNDS = 5;

/** @throws EffvitError CANCELLED, INFERENCE_FAILED */
export async function compareSpeed(
  float: OnnxModel,
  quantized: OnnxModel,
  input: FloatValue,
  rounds: number,
  signal?: AbortSignal,
): Promise<SpeedComparison> {
  return withRunners([float, quantized], async (runners) => {
    const times: [number[], number[]] = [[], []];
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      throwIfCancelled(signal);
      for (const [index, runner] of runners.entries()) {
        const startNs = monotonicNs();
        await runner.run(input);
        const tookMs = (monotonicNs() - startNs) / 1e6;
        if (round >= 0) times[index]?.push(tookMs);
      }
    }
    // Both times of a round were taken under the same load: their ratio is steadier than that of the medians.
    const ratio = median(times[0].map((time, round) => time / (times[1][round] ?? time)));
    return { rounds, floatMedianMs: median(times[0]), quantizedMedianMs: median(times[1]), ratio };
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
