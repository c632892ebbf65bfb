import { CHART_COLOURS, svgDocument, svgText } from './svgChart.js';

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

const WIDTH_PX = 960;
const NAME_PX = 420;
const ROW_PX = 22;
/** Number of nodes shown, the least similar ones. */
const NODES_SHOWN = 24;

/** Accuracy of the float and the quantised model, and the nodes that suffered most, as an SVG picture. */
export function quantizeChart({ title, subtitle, accuracy, nodes }: QuantizeChartData): string {
  const worst = [...nodes].sort((a, b) => a.cosine - b.cosine).slice(0, NODES_SHOWN);
  const { dim, first, second, third, line } = CHART_COLOURS;
  const parts = [
    svgText(24, 34, title, { sizePx: 20, isBold: true, maxWidthPx: WIDTH_PX - 48 }),
    svgText(24, 56, subtitle, { colour: dim, maxWidthPx: WIDTH_PX - 48 }),
    svgText(24, 92, 'pictures, percent', { sizePx: 14, isBold: true }),
  ];
  let top = 104;
  const row = (name: string, value: string, share: number, colour: string): void => {
    const widthPx = Math.min(1, Math.max(0, share)) * (WIDTH_PX - NAME_PX - 120);
    parts.push(
      svgText(NAME_PX - 12, top + 15, shortened(name), { anchor: 'end', sizePx: 12 }),
      `<rect x="${NAME_PX}" y="${top + 3}" width="${WIDTH_PX - NAME_PX - 120}" height="${ROW_PX - 7}" fill="${line}" opacity="0.5"/>`,
      `<rect x="${NAME_PX}" y="${top + 3}" width="${widthPx.toFixed(1)}" height="${ROW_PX - 7}" fill="${colour}"/>`,
      svgText(WIDTH_PX - 24, top + 15, value, { anchor: 'end', sizePx: 12 }),
    );
    top += ROW_PX;
  };
  for (const { name, percent, isFloat } of accuracy) {
    row(name, percent.toFixed(2), percent / 100, isFloat ? first : third);
  }
  if (accuracy.length === 0) {
    parts.push(svgText(24, top + 15, 'no pictures were compared', { colour: dim }));
    top += ROW_PX;
  }
  top += 36;
  // All lie near 1: the axis begins where the worst one does, and says so.
  const lowest = Math.min(0.99, ...worst.map(({ cosine }) => cosine));
  const from = Math.max(-1, Math.floor(lowest * 100 - 1) / 100);
  parts.push(
    svgText(
      24,
      top,
      worst.length === 0
        ? 'least similar nodes'
        : `least similar nodes (${worst.length} of ${nodes.length}), cosine from ${from.toFixed(2)} to 1`,
      {
        sizePx: 14,
        isBold: true,
      },
    ),
  );
  top += 12;
  for (const { name, form, cosine } of worst) {
    row(`${name} (${form})`, cosine.toFixed(5), (cosine - from) / (1 - from), second);
  }
  if (worst.length === 0) {
    parts.push(svgText(24, top + 15, 'no nodes were compared', { colour: dim }));
    top += ROW_PX;
  }
  return svgDocument(WIDTH_PX, top + 24, title, parts);
}

/** The end of a node's name distinguishes it. */
function shortened(name: string): string {
  const limit = 54;
  return name.length <= limit ? name : `…${name.slice(name.length - limit + 1)}`;
}
