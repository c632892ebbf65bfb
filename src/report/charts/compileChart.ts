import { CHART_COLOURS, svgDocument, svgText } from './svgChart.js';

/** A value drawn as a bar; `share` of the longest in 0 to 1. */
export interface CompileBar {
  readonly name: string;
  readonly value: string;
  readonly share: number;
}

export interface CompileChartSection {
  readonly title: string;
  readonly bars: readonly CompileBar[];
}

export interface CompileChartData {
  readonly title: string;
  readonly subtitle: string;
  readonly sections: readonly CompileChartSection[];
}

const WIDTH_PX = 960;
const NAME_PX = 420;
const VALUE_PX = 150;
const ROW_PX = 22;
const NAME_LENGTH = 54;

/** The compiler's estimates and the least similar nodes, as an SVG picture. */
export function compileChart({ title, subtitle, sections }: CompileChartData): string {
  const { dim, first, second, third, line } = CHART_COLOURS;
  const colours = [first, second, third];
  const parts = [
    svgText(24, 34, title, { sizePx: 20, isBold: true, maxWidthPx: WIDTH_PX - 48 }),
    svgText(24, 56, subtitle, { colour: dim, maxWidthPx: WIDTH_PX - 48 }),
  ];
  const barPx = WIDTH_PX - NAME_PX - VALUE_PX;
  let top = 92;
  sections.forEach((section, index) => {
    parts.push(svgText(24, top, section.title, { sizePx: 14, isBold: true }));
    top += 12;
    for (const { name, value, share } of section.bars) {
      const widthPx = Math.min(1, Math.max(0, share)) * barPx;
      const shown = name.length <= NAME_LENGTH ? name : `…${name.slice(name.length - NAME_LENGTH + 1)}`;
      parts.push(
        svgText(NAME_PX - 12, top + 15, shown, { anchor: 'end', sizePx: 12 }),
        `<rect x="${NAME_PX}" y="${top + 3}" width="${barPx}" height="${ROW_PX - 7}" fill="${line}" opacity="0.5"/>`,
        `<rect x="${NAME_PX}" y="${top + 3}" width="${widthPx.toFixed(1)}" height="${ROW_PX - 7}" fill="${colours[index % colours.length]}"/>`,
        svgText(WIDTH_PX - 24, top + 15, value, { anchor: 'end', sizePx: 12 }),
      );
      top += ROW_PX;
    }
    top += 36;
  });
  return svgDocument(WIDTH_PX, top, title, parts);
}
