import sharp from 'sharp';

/** One level of a sprite: premultiplied RGBA, 0..255. */
export interface SpriteLevel {
  readonly sizePx: number;
  readonly rgba: Float32Array;
}

/** A square picture with transparency, in full size and halved ones for small views. */
export interface Sprite {
  readonly levels: readonly SpriteLevel[];
}

/** Draws an SVG document once; the halved levels keep small views free of moire. */
export async function rasterise(svg: string): Promise<Sprite> {
  const { data, info } = await sharp(Buffer.from(svg))
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const rgba = new Float32Array(data.length);
  for (let i = 0; i < data.length; i += 4) {
    const alpha = (data[i + 3] ?? 0) / 255;
    rgba[i] = (data[i] ?? 0) * alpha;
    rgba[i + 1] = (data[i + 1] ?? 0) * alpha;
    rgba[i + 2] = (data[i + 2] ?? 0) * alpha;
    rgba[i + 3] = alpha * 255;
  }
  const levels: SpriteLevel[] = [{ sizePx: info.width, rgba }];
  for (let level = levels[0]; level !== undefined && level.sizePx >= 40; level = levels[levels.length - 1]) {
    levels.push(halve(level));
  }
  return { levels };
}

function halve(level: SpriteLevel): SpriteLevel {
  const from = level.sizePx;
  const size = from >> 1;
  const source = level.rgba;
  const rgba = new Float32Array(size * size * 4);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const a = (y * 2 * from + x * 2) * 4;
      const b = a + from * 4;
      for (let c = 0; c < 4; c++) {
        rgba[(y * size + x) * 4 + c] =
          ((source[a + c] ?? 0) +
            (source[a + c + 4] ?? 0) +
            (source[b + c] ?? 0) +
            (source[b + c + 4] ?? 0)) /
          4;
      }
    }
  }
  return { sizePx: size, rgba };
}

/** Sprites by key, the least recently used ones forgotten. */
export class SpriteCache {
  private readonly sprites = new Map<string, Promise<Sprite>>();
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get(key: string, svg: () => string): Promise<Sprite> {
    const known = this.sprites.get(key);
    if (known !== undefined) {
      this.sprites.delete(key);
      this.sprites.set(key, known);
      return known;
    }
    const made = rasterise(svg());
    this.sprites.set(key, made);
    if (this.sprites.size > this.capacity) {
      const oldest = this.sprites.keys().next().value;
      if (oldest !== undefined) this.sprites.delete(oldest);
    }
    return made;
  }
}
