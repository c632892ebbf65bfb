import { CHART_COLOURS, svgDocument, svgText } from './svgChart.js';

/** A value drawn as a bar; `share` of the longest in 0 to 1. */
export interface ChartBar {
  readonly name: string;
  readonly value: string;
  readonly share: number;
  /** By default the section's. */
  readonly colour?: string;
}

export interface BarChartData {
  readonly title: string;
  readonly subtitle: string;
  readonly sections: readonly {
    readonly title: string;
    readonly bars: readonly ChartBar[];
    /** What is said where there are no bars. */
    readonly none?: string;
  }[];
}

const WIDTH_PX = 960;
const NAME_PX = 420;
const VALUE_PX = 150;
const BAR_PX = WIDTH_PX - NAME_PX - VALUE_PX;
const ROW_PX = 22;
const NAME_LENGTH = 54;

/** Named values as bars, in sections below each other, as an SVG picture. */
export function barChart({ title, subtitle, sections }: BarChartData): string {
  const { dim, first, second, third, line } = CHART_COLOURS;
  const colours = [first, second, third];
  const parts = [
    svgText(24, 34, title, { sizePx: 20, isBold: true, maxWidthPx: WIDTH_PX - 48 }),
    svgText(24, 56, subtitle, { colour: dim, maxWidthPx: WIDTH_PX - 48 }),
  ];
  let top = 92;
  const rect = (widthPx: number, style: string): string =>
    `<rect x="${NAME_PX}" y="${top + 3}" width="${widthPx}" height="${ROW_PX - 7}" ${style}/>`;
  for (const [index, section] of sections.entries()) {
    parts.push(svgText(24, top, section.title, { sizePx: 14, isBold: true }));
    top += 12;
    for (const { name, value, share, colour = colours[index % colours.length] } of section.bars) {
      const widthPx = Number((Math.min(1, Math.max(0, share)) * BAR_PX).toFixed(1));
      // The end of a node's name distinguishes it.
      const shown = name.length <= NAME_LENGTH ? name : `…${name.slice(1 - NAME_LENGTH)}`;
      parts.push(
        svgText(NAME_PX - 12, top + 15, shown, { anchor: 'end', sizePx: 12 }),
        rect(BAR_PX, `fill="${line}" opacity="0.5"`),
        rect(widthPx, `fill="${colour}"`),
        svgText(WIDTH_PX - 24, top + 15, value, { anchor: 'end', sizePx: 12 }),
      );
      top += ROW_PX;
    }
    if (section.bars.length === 0 && section.none !== undefined) {
      parts.push(svgText(24, top + 15, section.none, { colour: dim }));
      top += ROW_PX;
    }
    top += 36;
  }
  return svgDocument(WIDTH_PX, top, title, parts);
}
