/**
 * How well `known_score` parts pictures of the model's classes from pictures of none of them. Both are SYNTHETIC: the
 * first are held-out drawings of the bundled model's classes in rendered scenes, the others are made here, the same at
 * every run. Photographs of your own are added by `--also FOLDER`. The model has a class `background`, so that many of the
 * others are known to it as just that: their share is told, and the last column counts what is either.
 *
 *   node build/test/bench/knownScore.bench.js [--pictures 300] [--also FOLDER] [--threads 2]
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { Classifier } from '../../src/classify/Classifier.js';
import { KnownScoreTally } from '../../src/classify/calibration/KnownScoreTally.js';
import { knownScore } from '../../src/classify/calibration/knownScore.js';
import { loadModel } from '../../src/classify/loadModel.js';
import { picturesAt } from '../../src/classify/pictureFiles.js';
import { plainTable } from '../../src/core/plainTable.js';
import type { ImageFrame } from '../../src/image/ImageFrame.js';
import { loadSharp } from '../../src/image/loadSharp.js';
import { pictureFrame } from '../../src/image/pictureFrame.js';
import { Random } from '../../training/Random.js';
import { renderScene } from '../../training/renderScene.js';
import { signClasses } from '../../training/signs/signClasses.js';

const { values } = parseArgs({
  options: {
    pictures: { type: 'string', default: '300' },
    threads: { type: 'string', default: '2' },
    also: { type: 'string' },
  },
});
const count = Number(values.pictures);
const WIDTH_PX = 320;
const HEIGHT_PX = 240;
/** No seed of training, of calibration or of the held-out pictures of eval. */
const FIRST_SEED = 985_000_000;
const BACKGROUND = signClasses.length - 1;

function frameOf(rgb: Uint8Array, index: number): ImageFrame {
  return {
    kind: 'raw',
    stamp: { sec: 1 + index, nanosec: 0 },
    frameId: '',
    source: 'synthetic',
    encoding: 'rgb8',
    widthPx: WIDTH_PX,
    heightPx: HEIGHT_PX,
    strideBytes: 3 * WIDTH_PX,
    isBigEndian: false,
    data: rgb,
  };
}

const scene = (seed: number, classIndex: number): Promise<Uint8Array> =>
  renderScene({
    seed,
    classIndex,
    variantSet: 'heldout',
    width: WIDTH_PX,
    height: HEIGHT_PX,
    cameraFrame: true,
  });

const colour = (random: Random): string =>
  `rgb(${random.integer(0, 255)},${random.integer(0, 255)},${random.integer(0, 255)})`;

async function drawn(svg: string, under?: Uint8Array): Promise<Uint8Array> {
  const sharp = loadSharp();
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH_PX}" height="${HEIGHT_PX}">${svg}</svg>`;
  const raw = { width: WIDTH_PX, height: HEIGHT_PX, channels: 3 } as const;
  const ground =
    under === undefined ? sharp({ create: { ...raw, background: '#808080' } }) : sharp(under, { raw });
  return await ground
    .composite([{ input: Buffer.from(text) }])
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** A closed line through random points around a middle. */
function blob(random: Random, x: number, y: number, radius: number): string {
  const corners = random.integer(3, 9);
  const points = Array.from({ length: corners }, (_, corner) => {
    const angle = (2 * Math.PI * corner) / corners;
    const distance = radius * random.range(0.4, 1);
    return `${(x + distance * Math.cos(angle)).toFixed(1)},${(y + distance * Math.sin(angle)).toFixed(1)}`;
  });
  return `<polygon points="${points.join(' ')}" fill="${colour(random)}" stroke="${colour(random)}" stroke-width="${random.integer(0, 6)}"/>`;
}

/** Pictures of none of the classes, by what they show. */
const OTHERS: Readonly<Record<string, (random: Random, seed: number) => Promise<Uint8Array>>> = {
  noise: (random) =>
    Promise.resolve(Uint8Array.from({ length: 3 * WIDTH_PX * HEIGHT_PX }, () => random.integer(0, 255))),
  stripes: (random) => {
    const [angle, period] = [random.range(0, Math.PI), random.range(6, 60)];
    const channels = [0, 1, 2].map(() => [random.range(20, 235), random.range(10, 120), random.range(0, 6)]);
    const rgb = new Uint8Array(3 * WIDTH_PX * HEIGHT_PX);
    for (let at = 0; at < rgb.length; at++) {
      const pixel = Math.floor(at / 3);
      const way = (pixel % WIDTH_PX) * Math.cos(angle) + Math.floor(pixel / WIDTH_PX) * Math.sin(angle);
      const [mean = 0, swing = 0, phase = 0] = channels[at % 3] ?? [];
      rgb[at] = Math.min(255, Math.max(0, mean + swing * Math.sin((2 * Math.PI * way) / period + phase)));
    }
    return Promise.resolve(rgb);
  },
  'coloured shapes': (random) =>
    drawn(
      Array.from({ length: random.integer(5, 40) }, () =>
        blob(random, random.range(0, WIDTH_PX), random.range(0, HEIGHT_PX), random.range(10, 90)),
      ).join(''),
    ),
  // The hard ones: a plate with strokes that mean nothing, in a scene as the classes have it.
  'unknown signs': async (random, seed) => {
    const [x, y, radius] = [WIDTH_PX / 2, HEIGHT_PX / 2, random.range(50, 100)];
    const plate = random.chance(0.5)
      ? `<circle cx="${x}" cy="${y}" r="${radius}" fill="${colour(random)}" stroke="${colour(random)}" stroke-width="8"/>`
      : `<rect x="${x - radius}" y="${y - radius}" width="${2 * radius}" height="${2 * radius}" rx="${random.range(0, 20)}" fill="${colour(random)}" stroke="${colour(random)}" stroke-width="8"/>`;
    const strokes = Array.from({ length: random.integer(2, 4) }, () =>
      blob(random, x + random.range(-30, 30), y + random.range(-30, 30), random.range(8, radius / 2)),
    );
    return await drawn(plate + strokes.join(''), await scene(seed, BACKGROUND));
  },
};

const options = {
  model: 'efficientvit_m5_signs',
  backend: 'onnx',
  threads: Number(values.threads),
  dropPolicy: 'block',
  inferenceTimeoutMs: 60_000,
} as const;
const classifier = await Classifier.start(await loadModel(options), options);

async function logitsOf(frame: ImageFrame): Promise<Float32Array> {
  const outcome = await classifier.classify(frame, { keepLogits: true });
  assert.ok(outcome.kind === 'result' && outcome.logits !== undefined, JSON.stringify(outcome));
  return outcome.logits;
}

/** Renders and classifies in turns, a few pictures at a time. */
async function logitsOfAll(
  total: number,
  make: (index: number) => Promise<ImageFrame>,
): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  const few = 2 * options.threads;
  for (let from = 0; from < total; from += few) {
    const indices = Array.from({ length: Math.min(few, total - from) }, (_, at) => from + at);
    all.push(...(await Promise.all(indices.map(async (index) => logitsOf(await make(index))))));
  }
  return all;
}

const known = await logitsOfAll(count, async (index) =>
  // Every class but the background, which is one that means "none of the others".
  frameOf(await scene(FIRST_SEED + index, index % BACKGROUND), index),
);
const groups: [name: string, logits: readonly Float32Array[]][] = [];
for (const [kind, [name, make]] of Object.entries(OTHERS).entries()) {
  const seedOf = (index: number): number => FIRST_SEED + (kind + 1) * 1_000_000 + index;
  const logits = await logitsOfAll(count, async (index) =>
    frameOf(await make(new Random(seedOf(index)), seedOf(index)), index),
  );
  groups.push([name, logits]);
}
groups.push(['all synthetic', groups.flatMap(([, logits]) => logits)]);
if (values.also !== undefined) {
  const files = await picturesAt(values.also);
  groups.push([
    `${values.also} (photographs)`,
    await logitsOfAll(files.length, async (index) => await pictureFrame(files[index] ?? '')),
  ]);
}
await classifier.close();

const rows = groups.flatMap(([name, logits]) => {
  const tally = new KnownScoreTally();
  for (const one of known) tally.add(one, false);
  for (const one of logits) tally.add(one, true);
  return tally.reports().map(({ kind, p5, others }) => {
    assert.ok(others !== undefined && others.auroc >= 0 && others.auroc <= 1);
    const isBackground = (one: Float32Array): boolean => one.indexOf(Math.max(...one)) === BACKGROUND;
    const percent = (count: number): string => ((100 * count) / logits.length).toFixed(1);
    const refused = logits.filter((one) => isBackground(one) || knownScore(one, kind) < p5).length;
    return [
      name,
      String(logits.length),
      kind,
      others.auroc.toFixed(3),
      p5.toFixed(2),
      others.rejectedAtP5Percent.toFixed(1),
      percent(logits.filter(isBackground).length),
      percent(refused),
    ];
  });
});
console.log(`${known.length} SYNTHETIC pictures of ${BACKGROUND} classes against pictures of none of them:`);
console.log(
  plainTable(
    ['others', 'pictures', 'known_score', 'AUROC', 'threshold p5', 'below it %', 'background %', 'either %'],
    rows,
  ),
);
