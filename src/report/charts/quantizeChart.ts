import { barChart } from './barChart.js';
import { CHART_COLOURS } from './svgChart.js';

/** A share of pictures in percent, drawn as a bar. */
export interface AccuracyBar {
  readonly name: string;
  readonly percent: number;
  readonly isFloat: boolean;
}

/** How near a node's output of the quantised model is to the float model's. */
export interface NodeBar {
  readonly name: string;
  /** int8, int16 or float. */
  readonly form: string;
  /** Cosine similarity, at most 1. */
  readonly cosine: number;
}

export interface QuantizeChartData {
  readonly title: string;
  readonly subtitle: string;
  readonly accuracy: readonly AccuracyBar[];
  readonly nodes: readonly NodeBar[];
}

/** Number of nodes shown, the least similar ones. */
const NODES_SHOWN = 24;

/** Accuracy of the float and the quantised model, and the nodes that suffered most, as an SVG picture. */
export function quantizeChart({ title, subtitle, accuracy, nodes }: QuantizeChartData): string {
  const worst = nodes.toSorted((a, b) => a.cosine - b.cosine).slice(0, NODES_SHOWN);
  const { first, second, third } = CHART_COLOURS;
  // All lie near 1: the axis begins where the worst one does, and says so.
  const lowest = Math.min(0.99, ...worst.map(({ cosine }) => cosine));
  const from = Math.max(-1, Math.floor(lowest * 100 - 1) / 100);
  const range = ` (${worst.length} of ${nodes.length}), cosine from ${from.toFixed(2)} to 1`;
  return barChart({
    title,
    subtitle,
    sections: [
      {
        title: 'pictures, percent',
        none: 'no pictures were compared',
        bars: accuracy.map(({ name, percent, isFloat }) => ({
          ...{ name, value: percent.toFixed(2), share: percent / 100 },
          colour: isFloat ? first : third,
        })),
      },
      {
        title: `least similar nodes${worst.length === 0 ? '' : range}`,
        none: 'no nodes were compared',
        bars: worst.map(({ name, form, cosine }) => ({
          ...{ name: `${name} (${form})`, value: cosine.toFixed(5), share: (cosine - from) / (1 - from) },
          colour: second,
        })),
      },
    ],
  });
}
