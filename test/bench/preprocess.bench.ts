// What a frame costs on its way to NV12 and to a float tensor, against sharp's resize plus conversion in the same
// rounds, every encoding, and decoding JPEGs against sharp.
//
//   node build/test/bench/preprocess.bench.js [rounds]
import assert from 'node:assert/strict';
import { cpus, loadavg } from 'node:os';
import sharp from 'sharp';
import { applyRgbWeights, RGB_TO_YUV } from '../../src/image/bt601.js';
import { compileKernel } from '../../src/image/compileKernel.js';
import { decodePicture } from '../../src/image/decodePicture.js';
import { RAW_ENCODINGS } from '../../src/image/encodingTraits.js';
import { FrameSlot } from '../../src/image/FrameSlot.js';
import type { RawImageFrame } from '../../src/image/ImageFrame.js';
import { Nv12Converter } from '../../src/image/Nv12Converter.js';
import { Nv12TensorConverter } from '../../src/image/Nv12TensorConverter.js';
import { type PreprocessOptions, preprocessOptions } from '../../src/image/PreprocessOptions.js';
import { planFrame } from '../../src/image/planFrame.js';
import { resizeGeometry } from '../../src/image/ResizeGeometry.js';
import type { TensorOptions } from '../../src/image/TensorOptions.js';
import { nv12TensorTwin } from '../helpers/nv12TensorTwin.js';
import { pictureFiguresTwin } from '../helpers/pictureFiguresTwin.js';
import { difference, fieldScene, sceneFrame, smoothScene } from '../helpers/scenes.js';
import { median } from './median.js';

const SIZES = [
  [640, 480],
  [1920, 1080],
] as const;
const rounds = Number(process.argv[2] ?? 31);

/** Crop, and the filter that the size asks for. */
const DEFAULTS = preprocessOptions();

sharp.concurrency(1);
sharp.cache(false);
const slot = new FrameSlot();
const kernel = compileKernel('nv12');
const converter = new Nv12Converter(slot.memory, kernel);

type Work = () => unknown;

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Runs of one contestant in a row within a round: the first of them finds the caches as the last contestant left them. */
const RUNS_A_ROUND = 7;

/** Medians, over the rounds, of what one run costs; rounds are interleaved, so that a noisy neighbour meets everybody. */
async function race(contestants: Readonly<Record<string, Work>>): Promise<Record<string, Cost>> {
  const costs = new Map(Object.keys(contestants).map((name) => [name, [] as Cost[]]));
  const warmUpRounds = Math.min(10, rounds);
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const [name, work] of Object.entries(contestants)) {
      const walls: number[] = [];
      const before = process.cpuUsage();
      for (let run = 0; run < RUNS_A_ROUND; run++) {
        const startNs = process.hrtime.bigint();
        await work();
        walls.push(Number(process.hrtime.bigint() - startNs) / 1e6);
      }
      const { user, system } = process.cpuUsage(before);
      const cost = { wallMs: median(walls), cpuMs: (user + system) / 1000 / RUNS_A_ROUND };
      if (round >= 0) costs.get(name)?.push(cost);
    }
  }
  return Object.fromEntries(
    [...costs].map(([name, values]) => [
      name,
      { wallMs: median(values.map(({ wallMs }) => wallMs)), cpuMs: median(values.map(({ cpuMs }) => cpuMs)) },
    ]),
  );
}

function report(title: string, costs: Readonly<Record<string, Cost>>, baseline?: string): void {
  console.log(title);
  for (const [name, { wallMs, cpuMs }] of Object.entries(costs)) {
    const base = baseline === undefined ? undefined : costs[baseline];
    const ratio =
      base === undefined
        ? ''
        : `, ${(base.wallMs / wallMs).toFixed(1)}x (CPU ${(base.cpuMs / cpuMs).toFixed(1)}x)`;
    console.log(`  ${name.padEnd(42)} ${wallMs.toFixed(3)} ms, CPU ${cpuMs.toFixed(3)} ms${ratio}`);
  }
}

/** What the product does with a raw frame: plan, the one copy, conversion. */
function ours(frame: RawImageFrame, options: PreprocessOptions): Uint8Array {
  const plan = planFrame(frame, options);
  slot.copyFrom(frame.data, plan);
  return converter.convert(plan.program);
}

type SharpKernel = 'lanczos3' | 'linear';

/** sharp's resize, then the conversion as it is written in plain JavaScript. */
async function bySharp(
  frame: RawImageFrame,
  kernel: SharpKernel,
  mode: 'stretch' | 'crop',
): Promise<Uint8Array> {
  const { widthPx: width, heightPx: height } = frame;
  const source = sharp(frame.data, { raw: { width, height, channels: 3 } });
  if (mode === 'stretch') {
    source.resize(224, 224, { fit: 'fill', kernel });
  } else {
    const { x, y } = resizeGeometry(width, height, DEFAULTS);
    source
      .resize(x.scaledPx, y.scaledPx, { fit: 'fill', kernel })
      .extract({ left: x.cropPx, top: y.cropPx, width: 224, height: 224 });
  }
  return rgbToNv12(await source.raw().toBuffer(), 224, 224);
}

function rgbToNv12(rgb: Uint8Array, widthPx: number, heightPx: number): Uint8Array {
  const { y: luma, u, v } = RGB_TO_YUV.full;
  const nv12 = new Uint8Array((widthPx * heightPx * 3) / 2);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const at = 3 * (y * widthPx + x);
      const [r = 0, g = 0, b = 0] = [rgb[at], rgb[at + 1], rgb[at + 2]];
      nv12[y * widthPx + x] = applyRgbWeights(luma, r, g, b);
      if ((x | y) % 2 === 0) {
        const chroma = widthPx * (heightPx + y / 2) + x;
        nv12[chroma] = applyRgbWeights(u, r, g, b);
        nv12[chroma + 1] = applyRgbWeights(v, r, g, b);
      }
    }
  }
  return nv12;
}

/** The conversion alone, again and again of the rows that were copied into a slot of the frame's own. */
function conversionOf(frame: RawImageFrame, options: PreprocessOptions): Work {
  const own = new FrameSlot();
  const ownConverter = new Nv12Converter(own.memory, kernel);
  const plan = planFrame(frame, options);
  own.copyFrom(frame.data, plan);
  return () => ownConverter.convert(plan.program);
}

type Variant = readonly [name: string, options: PreprocessOptions];

async function againstSharp(
  [widthPx, heightPx]: readonly [number, number],
  mode: 'stretch' | 'crop',
  variants: readonly Variant[],
): Promise<void> {
  const parts = { encoding: 'rgb8', widthPx, heightPx, byteOffset: 0 } as const;
  const frame = sceneFrame(smoothScene(widthPx, heightPx), parts);
  for (const [name, options] of variants) {
    const { mean } = difference(ours(frame, options), await bySharp(frame, 'linear', mode));
    assert.ok(mean < 1, `${name} and sharp differ by ${mean} grey levels on a smooth scene`);
  }
  const works = variants.flatMap(([name, options]): [string, Work][] => [
    [`plan, copy and convert, ${name}`, () => ours(frame, options)],
    [`  of which convert, ${name}`, conversionOf(frame, options)],
  ]);
  const costs = await race({
    'sharp (lanczos3) and plain JavaScript': () => bySharp(frame, 'lanczos3', mode),
    'sharp (linear) and plain JavaScript': () => bySharp(frame, 'linear', mode),
    ...Object.fromEntries(works),
  });
  report(
    `${widthPx}x${heightPx} rgb8 to 224x224 NV12, ${mode}`,
    costs,
    'sharp (linear) and plain JavaScript',
  );
}

async function everyEncoding(widthPx: number, heightPx: number): Promise<void> {
  const scene = fieldScene(widthPx, heightPx);
  const frames = RAW_ENCODINGS.map((encoding) =>
    sceneFrame(scene, { encoding, widthPx, heightPx, byteOffset: 0 }),
  );
  const works = frames.flatMap((frame): [string, Work][] => [
    [`${frame.encoding}, plan and copy`, () => slot.copyFrom(frame.data, planFrame(frame, DEFAULTS))],
    [`${frame.encoding}, convert`, conversionOf(frame, DEFAULTS)],
  ]);
  report(`${widthPx}x${heightPx}, cropped and filtered as by default`, await race(Object.fromEntries(works)));
}

async function tensors(): Promise<void> {
  const nv12 = Uint8Array.from({ length: 224 * 336 }, (_, index) => (index * 31) % 251);
  const optionsOf = (layout: 'nchw' | 'nhwc'): TensorOptions => ({
    widthPx: 224,
    heightPx: 224,
    layout,
    order: 'rgb',
    mean: [123.675, 116.28, 103.53],
    scale: [0.01712475, 0.017507, 0.01742919],
    range: 'full',
  });
  const [nchw, nhwc] = [
    new Nv12TensorConverter(optionsOf('nchw')),
    new Nv12TensorConverter(optionsOf('nhwc')),
  ];
  assert.deepEqual(nchw.convert(nv12), nv12TensorTwin(nv12, optionsOf('nchw')));
  const costs = await race({
    'plain TypeScript twin, NCHW': () => nv12TensorTwin(nv12, optionsOf('nchw')),
    'kernel, NCHW': () => nchw.convert(nv12),
    'kernel, NHWC': () => nhwc.convert(nv12),
  });
  report('224x224 NV12 to normalised float32', costs, 'plain TypeScript twin, NCHW');
}

async function jpegs([width, height]: readonly [number, number]): Promise<void> {
  const scene = sceneFrame(fieldScene(width, height), { encoding: 'rgb8', widthPx: width, heightPx: height });
  const raw = { width, height, channels: 3 } as const;
  const data = await sharp(scene.data, { raw }).jpeg({ quality: 90 }).toBuffer();
  const { stamp, frameId, source } = scene;
  const frame = { kind: 'compressed', stamp, frameId, source, format: 'jpeg', data } as const;
  const kept = new Uint8Array(3 * width * height);
  const decode = () => decodePicture(frame, (lengthBytes) => kept.subarray(0, lengthBytes));
  const decodeBySharp = () => sharp(data, { failOn: 'warning' }).removeAlpha().raw().toBuffer();
  const [decoded, expected] = [await decode(), await decodeBySharp()];
  assert.equal(difference(decoded.frame.data, expected).max, 0);
  const costs = await race({ sharp: decodeBySharp, 'libjpeg-turbo, as the node decodes': decode });
  report(`${width}x${height} JPEG of ${data.length} bytes to rgb8`, costs, 'sharp');
}

/** What picture_checks adds to a frame. */
async function pictureFigures(): Promise<void> {
  const [widthPx, heightPx] = SIZES[0];
  const frame = sceneFrame(fieldScene(widthPx, heightPx), {
    encoding: 'rgb8',
    widthPx,
    heightPx,
    byteOffset: 0,
  });
  const { program } = planFrame(frame, preprocessOptions({ isMeasured: true }));
  const nv12 = ours(frame, preprocessOptions({ isMeasured: true }));
  const twin = pictureFiguresTwin(nv12, 224, 224);
  const { brightness = Number.NaN } = converter.measure(nv12, program) ?? {};
  assert.ok(Math.abs(brightness - twin.brightness) < 1e-6);
  const RUNS = 100;
  const measureMany = () => {
    for (let run = 0; run < RUNS; run++) converter.measure(nv12, program);
  };
  report('224x224 NV12, the figures of 100 pictures', await race({ 'kernel and its sums': measureMany }));
}

console.log(
  `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, sharp ${sharp.versions.sharp}, load ${loadavg()[0]?.toFixed(2)}`,
);
console.log(`medians of ${rounds} interleaved rounds of ${RUNS_A_ROUND} runs each`);
const stretched = (['bilinear', 'antialias', 'area'] as const).map(
  (filter): Variant => [filter, preprocessOptions({ filter, resizeMode: 'stretch' })],
);
for (const size of SIZES) {
  await againstSharp(size, 'stretch', stretched);
  await againstSharp(size, 'crop', [
    ['auto', DEFAULTS],
    ['bilinear', preprocessOptions({ filter: 'bilinear' })],
  ]);
}
for (const [widthPx, heightPx] of SIZES) await everyEncoding(widthPx, heightPx);
for (const size of SIZES) await jpegs(size);
await tensors();
await pictureFigures();
