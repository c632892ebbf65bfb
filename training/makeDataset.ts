// Writes pictures of signs with known classes: `node build/training/makeDataset.js --help`.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { EffvitError } from '../src/core/EffvitError.js';
import { writeFileAtomic } from '../src/core/writeFileAtomic.js';
import { Random } from './Random.js';
import { renderScene, signBox } from './renderScene.js';
import type { VariantSet } from './signs/Look.js';
import { backgroundIndex, signClasses } from './signs/signClasses.js';

const HELP = `Usage: makeDataset --set train|heldout --count N --out DIR [options]
  --seed S       first scene's seed (default 1 for train, 900000001 for heldout)
  --format F     jpeg: DIR/NNNNNN.jpg and DIR/list.txt with "path index" lines (default);
                 shard: packed raw RGB for train.py, 1000 scenes a file
  --size WxH     picture size for jpeg (default 640x480)
  --large-every K  shard: every K-th file also holds the 256x256 pictures (default 4)`;

/** Seeds of the two sets lie far apart: a held-out scene is never one of training's. */
const FIRST_SEED: Readonly<Record<VariantSet, number>> = { train: 1, heldout: 900_000_001 };
const SHARD_SCENES = 1000;
const LARGE_PX = 256;
/** The box of a scene without a sign: anywhere. */
const WHOLE: readonly number[] = [0, 0, 1, 1];

const { values } = parseArgs({
  options: {
    set: { type: 'string', default: 'heldout' },
    count: { type: 'string', default: '2048' },
    out: { type: 'string', default: '' },
    seed: { type: 'string' },
    format: { type: 'string', default: 'jpeg' },
    size: { type: 'string', default: '640x480' },
    'large-every': { type: 'string', default: '4' },
    help: { type: 'boolean', default: false },
  },
});

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `Expected a whole number over 0 for --${name} but received "${text}".`,
    );
  }
  return value;
}

/** Held-out sets are balanced; in training, background comes twice as often as a sign. */
function classOf(set: VariantSet, seed: number, index: number): number {
  if (set === 'heldout') return index % signClasses.length;
  return Math.min(backgroundIndex, new Random(seed, 0xc1a5).integer(0, signClasses.length));
}

function compress(
  rgb: Uint8Array,
  width: number,
  height: number,
  random: Random,
  worst: number,
): Promise<Buffer> {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({
      quality: random.integer(worst, 95),
      chromaSubsampling: random.chance(0.85) ? '4:2:0' : '4:4:4',
    })
    .toBuffer();
}

async function writeJpegs(
  set: VariantSet,
  first: number,
  count: number,
  out: string,
  size: string,
): Promise<void> {
  const [width = 0, height = 0] = size.split('x').map((word) => wholeNumber('size', word));
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const seed = first + i;
    const classIndex = classOf(set, seed, i);
    const rgb = await renderScene({ seed, classIndex, variantSet: set, width, height, cameraFrame: true });
    const name = `${String(i).padStart(6, '0')}.jpg`;
    await writeFile(join(out, name), await compress(rgb, width, height, new Random(seed, 0x1be9), 55));
    lines.push(`${name} ${classIndex}`);
  }
  await writeFileAtomic(join(out, 'list.txt'), `${lines.join('\n')}\n`);
}

/** Means of 2x2 pixels. */
function halve(rgb: Uint8Array, side: number): Uint8Array {
  const half = side >> 1;
  const out = new Uint8Array(half * half * 3);
  for (let y = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      for (let c = 0; c < 3; c++) {
        const a = (y * 2 * side + x * 2) * 3 + c;
        const b = a + side * 3;
        out[(y * half + x) * 3 + c] =
          ((rgb[a] ?? 0) + (rgb[a + 3] ?? 0) + (rgb[b] ?? 0) + (rgb[b + 3] ?? 0) + 2) >> 2;
      }
    }
  }
  return out;
}

async function packed(set: VariantSet, seed: number, classIndex: number): Promise<Uint8Array> {
  const random = new Random(seed, 0x1be9);
  // Some pictures come from a larger frame that was made smaller, as a camera's are.
  const side = random.chance(0.1) ? LARGE_PX * 2 : LARGE_PX;
  const rgb = await renderScene({ seed, classIndex, variantSet: set, width: side, height: side });
  const jpeg = await compress(rgb, side, side, random, 40);
  const { data } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  return side === LARGE_PX ? data : halve(data, side);
}

async function writeShards(
  set: VariantSet,
  first: number,
  count: number,
  out: string,
  largeEvery: number,
): Promise<void> {
  for (let start = 0; start < count; start += SHARD_SCENES) {
    const scenes = Math.min(SHARD_SCENES, count - start);
    const keepLarge = (start / SHARD_SCENES) % largeEvery === largeEvery - 1;
    const labels = new Uint8Array(scenes);
    const boxes = new Float32Array(scenes * 4);
    const small = new Uint8Array(scenes * (LARGE_PX / 2) ** 2 * 3);
    const large = new Uint8Array(keepLarge ? scenes * LARGE_PX ** 2 * 3 : 0);
    const one = async (i: number): Promise<void> => {
      const seed = first + start + i;
      const classIndex = classOf(set, seed, start + i);
      const picture = await packed(set, seed, classIndex);
      labels[i] = classIndex;
      const request = { seed, classIndex, variantSet: set, width: LARGE_PX, height: LARGE_PX };
      boxes.set(signBox(request)?.map((edge) => edge / LARGE_PX) ?? WHOLE, i * 4);
      small.set(halve(picture, LARGE_PX), i * (LARGE_PX / 2) ** 2 * 3);
      if (keepLarge) large.set(picture, i * LARGE_PX ** 2 * 3);
    };
    // Two at a time: while one is drawn here, the other is compressed in sharp's threads.
    for (let i = 0; i < scenes; i += 2) await Promise.all([one(i), ...(i + 1 < scenes ? [one(i + 1)] : [])]);
    const stem = join(out, `${set}-${first + start}`);
    if (keepLarge) await writeFileAtomic(`${stem}.256.rgb`, large);
    await writeFileAtomic(`${stem}.128.rgb`, small);
    await writeFileAtomic(`${stem}.boxes`, new Uint8Array(boxes.buffer));
    // The labels come last: a reader that sees them may read the pictures.
    await writeFileAtomic(`${stem}.labels`, labels);
  }
}

if (values.help || values.out === '' || (values.set !== 'train' && values.set !== 'heldout')) {
  process.stdout.write(`${HELP}\n`);
  process.exitCode = values.help ? 0 : 2;
} else {
  const set = values.set;
  const out = resolve(values.out);
  const first = values.seed === undefined ? FIRST_SEED[set] : wholeNumber('seed', values.seed);
  const count = wholeNumber('count', values.count);
  await mkdir(out, { recursive: true });
  if (values.format === 'shard') {
    await writeShards(set, first, count, out, wholeNumber('large-every', values['large-every']));
  } else {
    await writeJpegs(set, first, count, out, values.size);
  }
}
