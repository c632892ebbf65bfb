import type { OverlayOptions, Sharp } from 'sharp';
import type { ClassResult } from '../classify/ClassResult.js';
import { asEffvitError } from '../core/EffvitError.js';
import { MAX_DECODED_PIXELS } from '../image/decodePicture.js';
import { loadSharp } from '../image/loadSharp.js';
import type { PictureRegion } from '../image/PictureRegion.js';
import { TextPainter, type TextStyle } from './TextPainter.js';

/** Pixels, R, G, B interleaved without padding. */
export interface RgbPicture {
  readonly rgb: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A part of the picture that is outlined, in shares of its width and height. */
export interface PictureOutline {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Stands in its upper left corner. */
  readonly text?: string | undefined;
}

/** The outline of a region of a picture of this size. */
export function pictureOutline(
  region: PictureRegion,
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
  text?: string,
): PictureOutline {
  return {
    left: region.leftPx / widthPx,
    top: region.topPx / heightPx,
    width: region.widthPx / widthPx,
    height: region.heightPx / heightPx,
    text,
  };
}

export interface AnnotateOptions {
  /** The bytes of a JPEG or PNG file, or pixels. */
  readonly picture: Uint8Array | RgbPicture;
  /** Best first. */
  readonly results: readonly ClassResult[];
  /** Name of the file or camera. */
  readonly title: string;
  /** Model, times: small, under the title. */
  readonly subtitle?: string;
  /** The part of the picture that was classified. */
  readonly outlines?: readonly PictureOutline[] | undefined;
  /** Adds what the network saw. */
  readonly networkInput?: RgbPicture | undefined;
  /** The picture is reduced to fit, with its aspect ratio; default 960 x 720. */
  readonly maxPictureWidthPx?: number;
  readonly maxPictureHeightPx?: number;
  /** A tiny picture's longer side is enlarged to about this, in whole pixels; default 320. */
  readonly minPictureSidePx?: number;
}

const BACKGROUND = '#12161c';
const TRACK = '#2a313b';
const FIRST_BAR = '#3fb68b';
const OTHER_BAR = '#5b8def';
const TEXT = '#f2f5f8';
const DIM = '#a9b4c0';

const MARGIN_PX = 16;
const ROW_PX = 46;
const BAR_PX = 12;
const SCORE_PX = 64;
const PANEL_PX = 360;
const INPUT_SIDE_PX = 224;
const OUTLINE_PX = 2;
const OUTLINE_TEXT_PX = 18;

const painter = new TextPainter();

/** The elements placed so far, over the background. */
class Sheet {
  readonly layers: OverlayOptions[] = [];
  readonly #painter: TextPainter;

  constructor(textPainter: TextPainter) {
    this.#painter = textPainter;
  }

  #add(layer: OverlayOptions, left: number, top: number): void {
    const [x, y] = [left, top].map((px) => Math.max(0, Math.round(px)));
    this.layers.push({ ...layer, left: x, top: y });
  }

  picture({ rgb, widthPx, heightPx }: RgbPicture, left: number, top: number): void {
    this.#add({ input: Buffer.from(rgb), raw: { width: widthPx, height: heightPx, channels: 3 } }, left, top);
  }

  box(left: number, top: number, widthPx: number, height: number, background: string): void {
    const width = Math.round(widthPx);
    if (width >= 1) this.#add({ input: { create: { width, height, channels: 3, background } } }, left, top);
  }

  /** The text's middle stands at `middle`; its left edge at `left`, or its right edge at `right`. */
  async text(
    text: string,
    { left = 0, right, middle }: { left?: number; right?: number; middle: number },
    style: TextStyle,
  ): Promise<void> {
    const { rgba, widthPx: width, heightPx: height } = await this.#painter.paint(text, style);
    const x = right === undefined ? left : right - width;
    this.#add({ input: Buffer.from(rgba), raw: { width, height, channels: 4 } }, x, middle - height / 2);
  }

  /** A part that was classified, of the picture that was placed at `left` and `top`. */
  async outline(
    part: PictureOutline,
    { widthPx, heightPx }: RgbPicture,
    left: number,
    top: number,
  ): Promise<void> {
    const width = Math.max(OUTLINE_PX, Math.round(part.width * widthPx));
    const height = Math.max(OUTLINE_PX, Math.round(part.height * heightPx));
    const x = left + Math.min(Math.round(part.left * widthPx), widthPx - width);
    const y = top + Math.min(Math.round(part.top * heightPx), heightPx - height);
    this.box(x, y, width, OUTLINE_PX, FIRST_BAR);
    this.box(x, y + height - OUTLINE_PX, width, OUTLINE_PX, FIRST_BAR);
    this.box(x, y, OUTLINE_PX, height, FIRST_BAR);
    this.box(x + width - OUTLINE_PX, y, OUTLINE_PX, height, FIRST_BAR);
    if (part.text === undefined) return;
    const maxWidthPx = Math.max(OUTLINE_TEXT_PX, left + widthPx - x - 4);
    const style = { sizePx: 13, colour: TEXT, maxWidthPx, isBold: true };
    const painted = await this.#painter.paint(part.text, style);
    this.box(x, y, painted.widthPx + 4, OUTLINE_TEXT_PX, BACKGROUND);
    await this.text(part.text, { left: x + 2, middle: y + OUTLINE_TEXT_PX / 2 }, style);
  }
}

/**
 * The picture, beside it its results as a horizontal bar chart: what `classify --annotate` writes and what the
 * node's debug image shows. Decodes, scales and draws off the calling thread.
 *
 * @param textPainter for tests; default: the machine's fonts, else the stroke font.
 * @throws EffvitError BAD_IMAGE if the picture cannot be decoded.
 */
export async function annotatePicture(
  options: AnnotateOptions,
  textPainter: TextPainter = painter,
): Promise<RgbPicture> {
  const picture = await fittedPicture(options);
  const { results, networkInput } = options;
  const rowsPx = Math.max(1, results.length) * ROW_PX;
  const inputPx = networkInput === undefined ? 0 : INPUT_SIDE_PX + 40;
  const headPx = options.subtitle === undefined ? 44 : 66;
  const contentPx = Math.max(picture.heightPx, headPx + rowsPx + inputPx);
  const heightPx = contentPx + 2 * MARGIN_PX;
  const panelLeft = picture.widthPx + 2 * MARGIN_PX;
  const widthPx = panelLeft + PANEL_PX + MARGIN_PX;
  const sheet = new Sheet(textPainter);
  const pictureTop = Math.round(MARGIN_PX + (contentPx - picture.heightPx) / 2);
  sheet.picture(picture, MARGIN_PX, pictureTop);
  for (const part of options.outlines ?? []) await sheet.outline(part, picture, MARGIN_PX, pictureTop);

  const small = { sizePx: 13, colour: DIM, maxWidthPx: PANEL_PX };
  const line = (text: string, middle: number, style: Partial<TextStyle> = {}): Promise<void> =>
    sheet.text(text, { left: panelLeft, middle }, { ...small, ...style });
  await line(options.title, MARGIN_PX + 12, { sizePx: 18, colour: TEXT, isBold: true });
  if (options.subtitle !== undefined) await line(options.subtitle, MARGIN_PX + 38);
  let top = MARGIN_PX + headPx;
  if (results.length === 0) await line('no result above the threshold', top + 12, { sizePx: 15 });
  for (const [rank, { label, score }] of results.entries()) {
    const isBold = rank === 0;
    const style = { sizePx: 15, colour: TEXT, isBold };
    await line(label, top + 10, { ...style, maxWidthPx: PANEL_PX - SCORE_PX });
    const right = panelLeft + PANEL_PX;
    await sheet.text(score.toFixed(4), { right, middle: top + 10 }, { ...style, maxWidthPx: SCORE_PX });
    sheet.box(panelLeft, top + 23, PANEL_PX, BAR_PX, TRACK);
    const share = Math.min(1, Math.max(0, score));
    sheet.box(panelLeft, top + 23, share * PANEL_PX, BAR_PX, isBold ? FIRST_BAR : OTHER_BAR);
    top += ROW_PX;
  }
  if (networkInput !== undefined) {
    top = MARGIN_PX + headPx + rowsPx;
    const size = `${networkInput.widthPx} x ${networkInput.heightPx} px`;
    await line(`what the network sees, ${size}`, top + 16);
    const side = { width: INPUT_SIDE_PX, height: INPUT_SIDE_PX, fit: 'inside' } as const;
    sheet.picture(await pixelsOf(sharpOf(networkInput).resize(side)), panelLeft, top + 32);
  }
  const background = { width: widthPx, height: heightPx, channels: 3, background: BACKGROUND } as const;
  return pixelsOf(loadSharp()({ create: background }).composite(sheet.layers).removeAlpha());
}

/** The picture itself, cut out of an annotated one that was drawn without the network's input. */
export function pictureWithin(annotated: RgbPicture): Promise<RgbPicture> {
  const width = Math.max(1, annotated.widthPx - PANEL_PX - 3 * MARGIN_PX);
  const height = Math.max(1, annotated.heightPx - 2 * MARGIN_PX);
  return pixelsOf(sharpOf(annotated).extract({ left: MARGIN_PX, top: MARGIN_PX, width, height }));
}

/** Exif of the pictures that this package writes, by which a command recognises its own earlier output. */
export const PNG_MARK = { IFD0: { Software: 'effvit' } };

/** PNG of pixels, marked as this package's. */
export function encodePng(picture: RgbPicture): Promise<Uint8Array> {
  return sharpOf(picture).withExif(PNG_MARK).png().toBuffer();
}

function sharpOf({ rgb, widthPx, heightPx }: RgbPicture): Sharp {
  return loadSharp()(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } });
}

/** @param picture a compressed picture as received, or pixels. */
export function openPicture(picture: Uint8Array | RgbPicture): Sharp {
  return 'rgb' in picture ? sharpOf(picture) : loadSharp()(picture, { limitInputPixels: MAX_DECODED_PIXELS });
}

async function pixelsOf(pipeline: Sharp): Promise<RgbPicture> {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return { rgb: data, widthPx: info.width, heightPx: info.height };
}

async function fittedPicture(options: AnnotateOptions): Promise<RgbPicture> {
  const { picture, maxPictureWidthPx = 960, maxPictureHeightPx = 720, minPictureSidePx = 320 } = options;
  try {
    const open = (): Sharp => ('rgb' in picture ? sharpOf(picture) : openPicture(picture).autoOrient());
    const { autoOrient, width, height } = await open().metadata();
    const size = { width: autoOrient.width || width, height: autoOrient.height || height };
    const longer = Math.max(size.width, size.height);
    const shrink = Math.min(maxPictureWidthPx / size.width, maxPictureHeightPx / size.height, 1);
    const enlarge = Math.max(1, Math.floor(minPictureSidePx / longer));
    const factor = shrink < 1 ? shrink : enlarge;
    const pipeline = open().flatten({ background: BACKGROUND }).toColourspace('srgb').removeAlpha();
    if (factor !== 1) {
      pipeline.resize({
        width: Math.max(1, Math.round(size.width * factor)),
        height: Math.max(1, Math.round(size.height * factor)),
        fit: 'fill',
        // Enlarged pixels keep sharp edges.
        ...(factor > 1 && { kernel: 'nearest' }),
      });
    }
    return await pixelsOf(pipeline);
  } catch (error) {
    throw asEffvitError(error, 'BAD_IMAGE', `Cannot draw ${options.title}`);
  }
}
