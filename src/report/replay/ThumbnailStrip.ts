import type { RgbPicture } from '../../annotate/annotatePicture.js';
import { openPicture } from '../../annotate/annotatePicture.js';
import { loadSharp } from '../../image/loadSharp.js';

/** So many are shown at most: together about a megabyte. */
const LIMIT = 240;
/** The cells of a sheet. */
export const CELLS = { widthPx: 128, heightPx: 96, columns: 12, rows: 10 };
const BACKGROUND = '#12161c';

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

  /** `sheets` as data: URLs; `frames` are the sequence numbers of what they show, in the order of the cells. */
  async sheets() {
    const kept = this.#kept.toSorted((a, b) => a.sequence - b.sequence);
    const perSheet = CELLS.columns * CELLS.rows;
    const sheets: string[] = [];
    for (let first = 0; first < kept.length; first += perSheet) {
      sheets.push(await sheet(kept.slice(first, first + perSheet)));
    }
    return { ...CELLS, sheets, frames: kept.map(({ sequence }) => sequence) };
  }
}

/** The picture in the shape that it had at the camera, bordered to the cell. */
async function thumbnail(picture: RgbPicture | Uint8Array, aspect: number): Promise<Uint8Array> {
  const { widthPx, heightPx } = CELLS;
  const width = Math.max(1, Math.round(Math.min(widthPx, heightPx * aspect)));
  const height = Math.max(1, Math.round(Math.min(heightPx, widthPx / aspect)));
  const opened = openPicture(picture).flatten().toColourspace('srgb');
  const shaped = await opened.resize({ width, height, fit: 'fill' }).raw().toBuffer();
  return loadSharp()(shaped, { raw: { width, height, channels: 3 } })
    .resize({ width: widthPx, height: heightPx, fit: 'contain', background: BACKGROUND })
    .raw()
    .toBuffer();
}

async function sheet(thumbnails: readonly Thumbnail[]): Promise<string> {
  const { widthPx: width, heightPx: height, columns } = CELLS;
  const rows = Math.ceil(thumbnails.length / columns);
  const jpeg = await loadSharp()({
    create: { width: columns * width, height: rows * height, channels: 3, background: BACKGROUND },
  })
    .composite(
      thumbnails.map(({ rgb }, index) => ({
        input: Buffer.from(rgb),
        raw: { width, height, channels: 3 as const },
        left: (index % columns) * width,
        top: Math.floor(index / columns) * height,
      })),
    )
    .jpeg({ quality: 78 })
    .toBuffer();
  return `data:image/jpeg;base64,${jpeg.toString('base64')}`;
}
