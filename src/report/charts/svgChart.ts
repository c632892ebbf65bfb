import { escapeXml } from '../../core/escapeXml.js';

/** Colours that read on white and in print; charts are written as files, which have no dark mode. */
export const CHART_COLOURS = {
  text: '#1a2129',
  dim: '#56616d',
  line: '#d9dee4',
  first: '#0b6bcb',
  second: '#b3470b',
  third: '#1d7f5a',
} as const;

const BOLD_WIDENS = 1.12;

/** In the size of the letters, as DejaVu Sans has them: it is wider than most fonts, which leave more space. */
function letterWidth(letter: string): number {
  if (/[MWmw@%\u1100-\uffff]|[\u{10000}-\u{10ffff}]/u.test(letter)) return 1;
  return /[A-Z0-9]/.test(letter) ? 0.66 : 0.55;
}

/** The text, or as much of it as fits with an ellipsis behind it. */
function cut(text: string, width: number): string {
  const letters = [...text];
  let used = 0;
  const end = letters.findIndex((letter) => {
    used += letterWidth(letter);
    return used > width;
  });
  return end < 0 ? text : `${letters.slice(0, Math.max(0, end - 1)).join('')}…`;
}

/** A line of text; `y` is its baseline. What is longer than `maxWidthPx` is cut and ends with an ellipsis. */
export function svgText(
  x: number,
  y: number,
  text: string,
  style: {
    readonly sizePx?: number;
    readonly anchor?: 'start' | 'middle' | 'end';
    readonly colour?: string;
    readonly isBold?: boolean;
    readonly maxWidthPx?: number;
  } = {},
): string {
  const { sizePx = 13, anchor = 'start', colour = CHART_COLOURS.text, isBold = false } = style;
  const { maxWidthPx = Number.POSITIVE_INFINITY } = style;
  const shown = cut(text, maxWidthPx / (sizePx * (isBold ? BOLD_WIDENS : 1)));
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${sizePx}" text-anchor="${anchor}" fill="${colour}"${isBold ? ' font-weight="bold"' : ''}>${escapeXml(shown)}</text>`;
}

export function svgDocument(
  widthPx: number,
  heightPx: number,
  title: string,
  parts: readonly string[],
): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}" viewBox="0 0 ${widthPx} ${heightPx}" font-family="DejaVu Sans, system-ui, sans-serif" role="img">
<!-- Written by effvit -->
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`;
}

/** Round steps from 0 to at least `max`: 1, 2 or 5 times a power of ten. */
export function niceTicks(max: number, wanted = 5): number[] {
  if (!(max > 0)) return [0, 1];
  const rough = max / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(max / step - 1e-9) + 1 }, (_, index) =>
    Number((index * step).toPrecision(6)),
  );
}
