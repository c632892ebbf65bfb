import type { Sharp } from 'sharp';
import { escapeXml } from '../core/escapeXml.js';
import { loadSharp } from '../image/loadSharp.js';
import { strokeText } from './strokeFont.js';

/** One line of text as pixels: RGBA, interleaved. */
export interface PaintedText {
  readonly rgba: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface TextStyle {
  /** Height of the letters' em. */
  readonly sizePx: number;
  /** `#rrggbb` */
  readonly colour: string;
  /** Longer text is cut and ends with an ellipsis. */
  readonly maxWidthPx: number;
  readonly isBold?: boolean;
}

/** Size of the cache: labels recur from frame to frame, and a painted one takes a few kilobytes. */
const KEPT_TEXTS = 256;
/** More characters than fit on any line; protects the layout from huge labels. */
const LONGEST_TEXT = 300;
const NOTHING: PaintedText = { rgba: new Uint8Array(4), widthPx: 1, heightPx: 1 };

/** Renders lines of text with the machine's fonts, or with the built-in stroke font if it has none (a bare board). */
export class TextPainter {
  readonly #kept = new Map<string, Promise<PaintedText>>();
  #hasFonts: Promise<boolean> | undefined;

  /** @param hasFonts whether the machine has fonts; detected with the first text if it is not given. */
  constructor(hasFonts?: boolean) {
    this.#hasFonts = hasFonts === undefined ? undefined : Promise.resolve(hasFonts);
  }

  paint(text: string, style: TextStyle): Promise<PaintedText> {
    const line = oneLine(text);
    const key = JSON.stringify([line, style]);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const painted = this.#paint(line, style);
    if (this.#kept.size >= KEPT_TEXTS) {
      const oldest = this.#kept.keys().next().value;
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    this.#kept.set(key, painted);
    return painted;
  }

  async #paint(text: string, style: TextStyle): Promise<PaintedText> {
    if (text.trim() === '') return NOTHING;
    this.#hasFonts ??= machineHasFonts();
    const paintOnce = (await this.#hasFonts) ? paintByFont : paintByStrokes;
    return fitted(text, style, paintOnce);
  }
}

type PaintOnce = (text: string, style: TextStyle) => Promise<PaintedText>;

/**
 * Shortens by the ratio of the widths until it fits, in two or three rounds. A single letter that is wider is clipped,
 * so that it does not cover its neighbour.
 */
async function fitted(text: string, style: TextStyle, paintOnce: PaintOnce): Promise<PaintedText> {
  let characters = graphemes(text);
  let painted = await paintOnce(text, style);
  while (painted.widthPx > style.maxWidthPx && characters.length > 1) {
    const keep = Math.floor((characters.length * style.maxWidthPx) / painted.widthPx) - 1;
    characters = characters.slice(0, Math.max(1, Math.min(characters.length - 1, keep)));
    painted = await paintOnce(`${characters.join('')}…`, style);
  }
  const width = Math.max(1, Math.floor(style.maxWidthPx));
  if (painted.widthPx <= width) return painted;
  const raw = { width: painted.widthPx, height: painted.heightPx, channels: 4 } as const;
  const area = { left: 0, top: 0, width, height: painted.heightPx };
  return pixelsOf(loadSharp()(painted.rgba, { raw }).extract(area));
}

async function pixelsOf(pipeline: Sharp): Promise<PaintedText> {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return { rgba: data, widthPx: info.width, heightPx: info.height };
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function graphemes(text: string): string[] {
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

/** Control characters, which no font has and XML forbids, become spaces. */
function oneLine(text: string): string {
  return text
    .slice(0, LONGEST_TEXT)
    .replaceAll(/\p{Surrogate}/gu, '\ufffd')
    .replaceAll(/\p{Cc}+/gu, ' ');
}

function paintByFont(text: string, { sizePx, colour, isBold }: TextStyle): Promise<PaintedText> {
  const markup = `<span foreground="${colour}"${isBold === true ? ' weight="bold"' : ''}>${escapeXml(text)}</span>`;
  // At 72 dpi a point is a pixel.
  return pixelsOf(loadSharp()({ text: { text: markup, font: `sans ${sizePx}`, rgba: true, dpi: 72 } }));
}

function paintByStrokes(text: string, { sizePx, colour, isBold }: TextStyle): Promise<PaintedText> {
  const heightPx = Math.max(4, Math.round(sizePx * 0.8));
  const widthPx = Math.max(2, Math.round(graphemes(text).length * sizePx * 0.58));
  const shape = strokeText(text, [1, 1, widthPx - 2, heightPx - 2], colour, {
    weight: isBold === true ? 0.16 : 0.11,
    round: false,
    slant: 0,
    cap: 'butt',
    gap: 0.35,
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}">${shape}</svg>`;
  return pixelsOf(loadSharp()(Buffer.from(svg)).ensureAlpha());
}

async function machineHasFonts(): Promise<boolean> {
  try {
    const { rgba } = await paintByFont('A', { sizePx: 20, colour: '#ffffff', maxWidthPx: 100 });
    return rgba.some((value) => value > 0);
  } catch {
    return false;
  }
}
