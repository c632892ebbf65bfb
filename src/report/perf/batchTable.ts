import type { DeviceModel } from '../../model/ModelManifest.js';
import type { PerfSeries } from './PerfSeries.js';

/** A measurement with tasks of up to so many frames. */
export interface BatchSeries {
  readonly batch: number;
  readonly series: PerfSeries;
}

/** Smallest gain of batches above 1 that is mentioned. */
const WORTH = 0.1;

export const BATCH_HEAD = [
  'threads',
  'batch',
  'FPS',
  'latency p50 ms',
  'p95 ms',
  'DDR MB/frame (estimate)',
  'DDR GB/s at this rate',
  'bound by (estimate)',
] as const;

/** What the compiler says of tasks of that size; undefined if nobody has said. */
function figuresOf(
  batch: number,
  deviceModel: DeviceModel | undefined,
): Pick<DeviceModel, 'ddrBytes' | 'boundBy'> | undefined {
  return batch === 1 ? deviceModel : deviceModel?.batches?.find((one) => one.batch === batch);
}

/** Rows under {@link BATCH_HEAD}; memory traffic is the compiler's and stands beside the rate, whatever gave that. */
export function batchRows(all: readonly BatchSeries[], deviceModel: DeviceModel | undefined): string[][] {
  return all.map(({ batch, series: { threads, median } }) => {
    const { ddrBytes: bytes, boundBy } = figuresOf(batch, deviceModel) ?? {};
    return [
      String(threads),
      String(batch),
      median.framesPerSecond.toFixed(2),
      median.latencyMs.p50.toFixed(2),
      median.latencyMs.p95.toFixed(2),
      bytes === undefined ? '-' : (bytes / 1e6).toFixed(2),
      bytes === undefined ? '-' : ((bytes * median.framesPerSecond) / 1e9).toFixed(2),
      boundBy ?? '-',
    ];
  });
}

/** What batches bring, from the figures alone. */
export function batchMeanings(
  all: readonly BatchSeries[],
  deviceModel: DeviceModel | undefined,
): readonly string[] {
  const best = (batch: number): number =>
    Math.max(
      0,
      ...all.filter((one) => one.batch === batch).map(({ series }) => series.median.framesPerSecond),
    );
  const sizes = [...new Set(all.map(({ batch }) => batch))].sort((a, b) => a - b);
  const largest = sizes.at(-1);
  const single = best(1);
  if (largest === undefined || largest === 1 || single === 0) return [];
  const gain = best(largest) / single;
  const [before, after] = [figuresOf(1, deviceModel)?.ddrBytes, figuresOf(largest, deviceModel)?.ddrBytes];
  const bound = figuresOf(largest, deviceModel)?.boundBy;
  if (gain < 1 + WORTH) {
    return [
      `Tasks of ${largest} frames bring ${gain.toFixed(2)} times the frames of single ones: memory traffic is not what bounds this model.`,
    ];
  }
  const traffic =
    before === undefined || after === undefined
      ? ''
      : `, while a frame moves ${(after / 1e6).toFixed(1)} instead of ${(before / 1e6).toFixed(1)} MB by the compiler's estimate`;
  const next =
    bound === 'computing'
      ? [`Tasks of ${largest} are bound by computing: larger ones bring little more.`]
      : [];
  return [
    `Tasks of ${largest} frames bring ${gain.toFixed(2)} times the frames of single ones${traffic}: the weights that are read for every task bound the model, and batches share them.`,
    ...next,
  ];
}
