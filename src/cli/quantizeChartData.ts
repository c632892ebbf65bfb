import type { QuantizeReport } from '../quantize/QuantizeReport.js';
import type { AccuracyBar, QuantizeChartData } from '../report/charts/quantizeChart.js';

/** The part of a quantisation report that the chart shows. */
export function quantizeChartData(report: QuantizeReport, model: string): QuantizeChartData {
  const { outputs, ablation = [] } = report;
  const bar = (name: string, percent: number | null, isFloat: boolean): AccuracyBar[] =>
    percent === null ? [] : [{ name, percent, isFloat }];
  const pictures = report.isComparedOnCalibration ? 'calibration pictures, which flatter' : 'pictures';
  return {
    title: `${model}, quantised`,
    subtitle: `calibration ${report.calibrationMethod}; compared on ${outputs.pictureCount} ${pictures}`,
    accuracy: [
      ...bar('top-1, float', outputs.float.top1Percent, true),
      ...bar('top-1, quantised', outputs.quantized.top1Percent, false),
      ...bar('top-5, float', outputs.float.top5Percent, true),
      ...bar('top-5, quantised', outputs.quantized.top5Percent, false),
      ...(outputs.pictureCount > 0 ? bar('same best class', outputs.agreementPercent, false) : []),
      ...ablation.map((row) => ({
        name: `same best class, softmax ${row.softmax} (${row.coverage})`,
        percent: row.outputs.agreementPercent,
        isFloat: false,
      })),
    ],
    nodes: report.nodes.map(({ node, precision, cosine }) => ({ name: node, form: precision, cosine })),
  };
}
