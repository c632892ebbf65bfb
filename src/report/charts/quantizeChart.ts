import { barChart } from './barChart.js';
import { CHART_COLOURS } from './svgChart.js';

export interface QuantizeChartData {
  readonly title: string;
  readonly subtitle: string;
  /** Shares of pictures. */
  readonly accuracy: readonly {
    readonly name: string;
    readonly percent: number;
    readonly isFloat: boolean;
  }[];
  /** Cosine similarity of a node's output to the float model's, at most 1; `form` is int8, int16 or float. */
  readonly nodes: readonly { readonly name: string; readonly form: string; readonly cosine: number }[];
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
