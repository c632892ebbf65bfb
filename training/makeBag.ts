// Writes the bundled recording: two cameras that drive up to held-out signs, and what each frame shows.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { McapBagWriter } from '../src/bag/writing/McapBagWriter.js';
import { writeFileAtomic } from '../src/core/writeFileAtomic.js';
import { pickFaults } from './cameraFaults.js';
import { makeWorld } from './makeWorld.js';
import { Random } from './Random.js';
import { renderView } from './renderScene.js';
import { signClasses } from './signs/signClasses.js';
import type { View } from './View.js';

const HELP = `Usage: makeBag --out DIR
Writes DIR as a rosbag2 folder (MCAP, zstd) with truth.json: topic, stamp and class of every frame.`;

/** Far from the seeds of the training set and of the held-out list. */
const FIRST_SEED = 970_000_001;
const START_NS = 1_767_225_600n * 1_000_000_000n;

interface BagCamera {
  readonly topic: string;
  readonly frameId: string;
  readonly width: number;
  readonly height: number;
  readonly compressed: boolean;
  readonly periodNs: bigint;
  readonly firstStampNs: bigint;
  /** From the exposure to the arrival, as drivers have it. */
  readonly latencyNs: bigint;
  readonly framesPerSign: number;
  /** What comes into view, one after the other. */
  readonly signs: readonly string[];
}

const CAMERAS: readonly BagCamera[] = [
  {
    topic: '/front_camera/image_raw/compressed',
    frameId: 'front_camera_optical_frame',
    width: 640,
    height: 480,
    compressed: true,
    periodNs: 100_000_000n,
    firstStampNs: START_NS,
    latencyNs: 21_000_000n,
    framesPerSign: 5,
    signs: [
      'exit',
      'stop',
      'background',
      'elevator',
      'speed_limit_30',
      'charging_dock',
      'forklift',
      'arrow_left',
      'fiducial_marker',
    ],
  },
  {
    topic: '/side_camera/image_raw',
    frameId: 'side_camera_optical_frame',
    width: 424,
    height: 240,
    compressed: false,
    periodNs: 200_000_000n,
    firstStampNs: START_NS + 37_000_000n,
    latencyNs: 9_000_000n,
    framesPerSign: 4,
    signs: ['fire_extinguisher', 'high_voltage', 'first_aid', 'background', 'wet_floor', 'stairs'],
  },
];

interface TruthFrame {
  readonly topic: string;
  readonly stamp: { readonly sec: number; readonly nanosec: number };
  readonly index: number;
  readonly label: string;
}

interface BagFrame extends TruthFrame {
  readonly stampNs: bigint;
  readonly camera: BagCamera;
  readonly rgb: Uint8Array;
}

/** A drive towards the sign: larger and steadier from frame to frame. */
function drive(random: Random, progress: number, path: View): View {
  const apparent = 0.38 + 0.34 * progress;
  return {
    ...path,
    distance: path.focal / apparent,
    bearing: path.bearing * (1 - 0.35 * progress) + random.range(-0.6, 0.6),
    elevation: path.elevation + random.range(-0.4, 0.4),
    roll: path.roll + random.range(-0.5, 0.5),
    offsetX: path.offsetX * (1 - 0.7 * progress),
    offsetY: path.offsetY * (1 - 0.6 * progress),
  };
}

async function* frames(camera: BagCamera, firstSeed: number): AsyncGenerator<BagFrame> {
  let stampNs = camera.firstStampNs;
  for (const [place, label] of camera.signs.entries()) {
    const seed = firstSeed + place;
    const index = signClasses.indexOf(label);
    const world = makeWorld(seed, index, 'heldout');
    const random = new Random(seed, 0xba9);
    const faults = { ...pickFaults(random, 0.45), motion: 0, noise: camera.compressed ? 2 : 0 };
    const side = random.chance(0.5) ? 1 : -1;
    const path: View = {
      distance: 1,
      bearing: side * random.range(10, 28),
      elevation: random.range(-4, 8),
      roll: random.range(-1.5, 1.5),
      offsetX: side * random.range(0.05, 0.17),
      offsetY: random.range(-0.14, 0.04),
      focal: random.range(0.95, 1.25),
      aspect: 1,
    };
    for (let i = 0; i < camera.framesPerSign; i++) {
      const view = drive(random, i / (camera.framesPerSign - 1), path);
      const rgb = await renderView(world, view, faults, camera.width, camera.height, seed * 100 + i);
      const stamp = { sec: Number(stampNs / 1_000_000_000n), nanosec: Number(stampNs % 1_000_000_000n) };
      yield { topic: camera.topic, stamp, index, label, stampNs, camera, rgb };
      stampNs += camera.periodNs;
    }
  }
}

async function message(frame: BagFrame): Promise<object> {
  const { camera, rgb, stamp } = frame;
  const { width, height } = camera;
  const header = { stamp, frame_id: camera.frameId };
  if (camera.compressed) {
    const data = await sharp(rgb, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 85 })
      .toBuffer();
    return { header, format: 'rgb8; jpeg compressed bgr8', data: new Uint8Array(data) };
  }
  return { header, height, width, encoding: 'rgb8', is_bigendian: 0, step: width * 3, data: rgb };
}

async function main(out: string): Promise<void> {
  const all: BagFrame[] = [];
  for (const [number, camera] of CAMERAS.entries()) {
    for await (const frame of frames(camera, FIRST_SEED + number * 1000)) all.push(frame);
  }
  const arrivalNs = (frame: BagFrame): bigint => frame.stampNs + frame.camera.latencyNs;
  all.sort((a, b) => Number(arrivalNs(a) - arrivalNs(b)));
  const writer = await McapBagWriter.create(out, { compression: 'zstd' });
  try {
    for (const camera of CAMERAS) {
      const type = camera.compressed ? 'sensor_msgs/msg/CompressedImage' : 'sensor_msgs/msg/Image';
      await writer.addTopic({ name: camera.topic, type, qos: 'sensor' });
    }
    for (const frame of all) {
      const logTimeNs = arrivalNs(frame);
      await writer.write(frame.topic, await message(frame), { logTimeNs, publishTimeNs: logTimeNs });
    }
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  const truth: TruthFrame[] = all.map(({ topic, stamp, index, label }) => ({ topic, stamp, index, label }));
  const rows = truth.map((frame) => `    ${JSON.stringify(frame)}`).join(',\n');
  await writeFileAtomic(
    join(out, 'truth.json'),
    `{\n  "model": "efficientvit_m5_signs",\n  "frames": [\n${rows}\n  ]\n}\n`,
  );
}

const { values } = parseArgs({
  options: { out: { type: 'string', default: '' }, help: { type: 'boolean', default: false } },
});
if (values.help || values.out === '') {
  process.stdout.write(`${HELP}\n`);
  process.exitCode = values.help ? 0 : 2;
} else {
  await main(resolve(values.out));
}
