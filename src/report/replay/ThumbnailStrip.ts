import type { RgbPicture } from '../../annotate/annotatePicture.js';
import { loadSharp } from '../../image/loadSharp.js';
import type { ThumbnailSheets } from './ReplayReport.js';

/** So many are shown at most: together about a megabyte. */
const LIMIT = 240;
export const THUMBNAIL_WIDTH_PX = 128;
export const THUMBNAIL_HEIGHT_PX = 96;
const WIDTH_PX = THUMBNAIL_WIDTH_PX;
const HEIGHT_PX = THUMBNAIL_HEIGHT_PX;
const COLUMNS = 12;
const ROWS = 10;

interface Thumbnail {
  readonly camera: string;
  readonly place: number;
  readonly sequence: number;
  readonly rgb: Uint8Array;
}

/**
 * Keeps every n-th frame of each camera as a thumbnail, where n doubles whenever there are too many: evenly spread
 * over a recording whose length nobody knows in advance.
 */
export class ThumbnailStrip {
  readonly #places = new Map<string, number>();
  #stride = 1;
  #kept: Thumbnail[] = [];

  /** Counts a frame of the camera and keeps it where its turn is; `picture`, pixels or compressed, is asked for only then. */
  async add(
    camera: string,
    sequence: number,
    picture: () => { readonly picture: RgbPicture | Uint8Array; readonly aspect: number },
  ): Promise<void> {
    const place = this.#places.get(camera) ?? 0;
    this.#places.set(camera, place + 1);
    if (place % this.#stride !== 0) return;
    const drawn = picture();
    this.#kept.push({ camera, place, sequence, rgb: await thumbnail(drawn.picture, drawn.aspect) });
    // A camera's first frame stays whatever the stride, so that more cameras than the limit end this as well.
    while (this.#kept.length > LIMIT && this.#kept.some(({ place: other }) => other > 0)) {
      this.#stride *= 2;
      this.#kept = this.#kept.filter(({ place: other }) => other % this.#stride === 0);
    }
  }

  async sheets(): Promise<ThumbnailSheets> {
    const kept = [...this.#kept].sort((a, b) => a.sequence - b.sequence);
    const perSheet = COLUMNS * ROWS;
    const sheets: string[] = [];
    for (let first = 0; first < kept.length; first += perSheet) {
      sheets.push(await sheet(kept.slice(first, first + perSheet)));
    }
    return {
      widthPx: WIDTH_PX,
      heightPx: HEIGHT_PX,
      columns: COLUMNS,
      rows: ROWS,
      sheets,
      frames: kept.map(({ sequence }) => sequence),
    };
  }
}

/** The picture in the shape that it had at the camera, bordered to the cell. */
async function thumbnail(picture: RgbPicture | Uint8Array, aspect: number): Promise<Uint8Array> {
  const width = Math.max(1, Math.round(Math.min(WIDTH_PX, HEIGHT_PX * aspect)));
  const height = Math.max(1, Math.round(Math.min(HEIGHT_PX, WIDTH_PX / aspect)));
  const opened =
    'rgb' in picture
      ? loadSharp()(picture.rgb, { raw: { width: picture.widthPx, height: picture.heightPx, channels: 3 } })
      : loadSharp()(picture).flatten().toColourspace('srgb');
  const shaped = await opened.resize({ width, height, fit: 'fill' }).raw().toBuffer();
  return loadSharp()(shaped, { raw: { width, height, channels: 3 } })
    .resize({ width: WIDTH_PX, height: HEIGHT_PX, fit: 'contain', background: '#12161c' })
    .raw()
    .toBuffer();
}

async function sheet(thumbnails: readonly Thumbnail[]): Promise<string> {
  const rows = Math.ceil(thumbnails.length / COLUMNS);
  const jpeg = await loadSharp()({
    create: { width: COLUMNS * WIDTH_PX, height: rows * HEIGHT_PX, channels: 3, background: '#12161c' },
  })
    .composite(
      thumbnails.map(({ rgb }, index) => ({
        input: Buffer.from(rgb),
        raw: { width: WIDTH_PX, height: HEIGHT_PX, channels: 3 as const },
        left: (index % COLUMNS) * WIDTH_PX,
        top: Math.floor(index / COLUMNS) * HEIGHT_PX,
      })),
    )
    .jpeg({ quality: 78 })
    .toBuffer();
  return `data:image/jpeg;base64,${jpeg.toString('base64')}`;
}
