import type { Statistics } from '../../helpers/NodeUnderTest.js';
import type { FrameTimes } from './FrameReportListener.js';

/** One contender's round. */
export interface Run {
  readonly results: number;
  readonly resultsPerSecond: number;
  readonly cpuMsPerResult: number;
  /** What of it is not spent inside ONNX Runtime; not a number where that was not counted. */
  readonly outsideCpuMsPerResult: number;
  /** Of the main thread, of the middleware's threads and of all others: they add up to `cpuMsPerResult`. */
  readonly mainCpuMsPerResult: number;
  readonly middlewareCpuMsPerResult: number;
  readonly othersCpuMsPerResult: number;
  /** From the camera's stamp until the result has arrived at a listener. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Not a number where the node was not watched. */
  readonly loopDelayP99Ms: number;
  /** Of all answers: the node's that are what they have to be, the peer's whose best class is ours. */
  readonly rightShare: number;
  /** Of the node alone. */
  readonly statistics?: Statistics;
  readonly sent: number;
  /** Of the node alone, where it was watched. */
  readonly frames: readonly FrameTimes[];
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Of the node: the frames that were dropped, by cause, those that newer ones replaced in the middleware, and those that did not arrive. */
export function lossesOf({ statistics }: Run): string {
  const counted = statistics?.dropped.filter(({ count }) => count > 0) ?? [];
  const causes = counted.map(({ cause, count }) => `${cause} ${count}`);
  if ((statistics?.superseded ?? 0) > 0) causes.push(`superseded ${statistics?.superseded}`);
  if ((statistics?.missing ?? 0) > 0) causes.push(`missing ${statistics?.missing}`);
  return causes.join(', ') || 'none';
}

/** Runs contenders in turns, another one first each time, so that what changes on the machine meets them all. */
export async function interleaved<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, () => Promise<Run>>>,
): Promise<Record<Name, Run[]>> {
  const names = Object.keys(contenders) as Name[];
  const runs = Object.fromEntries(names.map((name) => [name, [] as Run[]])) as Record<Name, Run[]>;
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length];
      if (name !== undefined) runs[name].push(await contenders[name]());
    }
  }
  return runs;
}
