import type { CompileReport } from '../compile/compileModel.js';
import { bpuName } from '../compile/formatCompileReport.js';
import type { ModelAccuracy } from '../quantize/compareModels.js';
import type { BarChartData, ChartBar } from '../report/charts/barChart.js';

/** The report as bars: frames a second and memory traffic by batch, the longest layers, the least similar nodes. */
export function compileChartData(report: CompileReport): BarChartData {
  const { estimates, evaluation, leastSimilar } = report;
  const layers = estimates[0]?.longestLayers ?? [];
  const lowest = Math.min(0.99, ...leastSimilar.map(({ cosine = 1 }) => cosine));
  const top1 = (name: string, { top1Percent }: ModelAccuracy): ChartBar => ({
    name,
    value: `${top1Percent?.toFixed(2) ?? 'n/a'} %`,
    share: (top1Percent ?? 0) / 100,
  });
  const accuracies = evaluation && [
    top1('float', evaluation.float),
    top1('effvit quantize, int8', evaluation.int8.quantized),
    ...evaluation.bpu.map((one) => top1(bpuName(one), one.quantized)),
  ];
  return {
    title: `${report.model} compiled for the RDK X5, ${report.level}`,
    subtitle: "Times are the compiler's estimates; no board was measured.",
    sections: [
      {
        title: 'frames a second by batch (estimate)',
        bars: bars(estimates, ({ batch, fps }) => [`batch ${batch}`, fps, fps.toFixed(1)]),
      },
      {
        title: 'memory traffic a frame by batch (estimate)',
        bars: bars(estimates, ({ batch, ddrBytesPerFrame: bytes }) => [
          `batch ${batch}`,
          bytes,
          `${(bytes / 1e6).toFixed(2)} MB`,
        ]),
      },
      {
        title: 'longest layers (estimate)',
        bars: bars(layers, ({ layer, computeUs, loadStoreUs }) => {
          const us = Math.max(computeUs, loadStoreUs);
          return [layer, us, `${us.toFixed(0)} us`];
        }),
      },
      ...(accuracies ? [{ title: `top-1 of ${evaluation?.pictureCount} pictures`, bars: accuracies }] : []),
      {
        title: `least similar nodes, cosine from ${lowest.toFixed(3)} to 1`,
        bars: leastSimilar.map(({ name, dataType, cosine = 1 }) => ({
          name: `${name} (${dataType})`,
          value: cosine.toFixed(5),
          share: (cosine - lowest) / (1 - lowest),
        })),
      },
    ],
  };
}

/** @param bar Name, value and text of an item's bar; the longest bar is the largest value. */
function bars<T>(items: readonly T[], bar: (item: T) => readonly [string, number, string]): ChartBar[] {
  const most = Math.max(...items.map((item) => bar(item)[1]), 1e-9);
  return items.map((item) => {
    const [name, value, text] = bar(item);
    return { name, value: text, share: value / most };
  });
}
