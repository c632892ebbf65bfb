import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBag } from '../../../src/bag/openBag.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import type { ImageFrame, RawImageFrame } from '../../../src/image/ImageFrame.js';
import { loadSharp } from '../../../src/image/loadSharp.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { nv12ByKernel } from '../../helpers/nv12.js';

/** Of different pictures, which go round; no number of cameras that is measured is a multiple of it. */
const PICTURES = 5;
export const CAMERA_FRAME_ID = 'camera';

/** What a bench's cameras send. */
export interface CameraShape {
  readonly encoding: 'rgb8' | 'nv12' | 'jpeg';
  readonly widthPx: number;
  readonly heightPx: number;
  /** Of each camera. */
  readonly hz: number;
  /** Cameras, on topics of their own; default 1. */
  readonly count?: number;
}

export function describeCameras({ encoding, widthPx, heightPx, hz, count = 1 }: CameraShape): string {
  return `${count === 1 ? '' : `${count} x `}${widthPx}x${heightPx} ${encoding} at ${hz} Hz`;
}

/** Pictures of the bundled recording in the cameras' form: as files for `cameras.py`, and as the frames that they are. */
export interface CameraPictures {
  readonly files: readonly string[];
  readonly frames: readonly ImageFrame[];
}

/** @param folder for the files. */
export async function cameraPictures(shape: CameraShape, folder: string): Promise<CameraPictures> {
  const { encoding, widthPx, heightPx } = shape;
  const frames: ImageFrame[] = [];
  const files: string[] = [];
  const bag = await openBag(packagePath('bags', 'signs_drive'));
  try {
    for await (const image of bag.imageFrames({ topics: ['/front_camera/image_raw/compressed'] })) {
      if (frames.length === PICTURES) break;
      if (!('frame' in image)) throw new Error('The bundled recording has a message that is no image.');
      const picture = loadSharp()(image.frame.data).resize(widthPx, heightPx, { fit: 'fill' }).removeAlpha();
      const frame =
        encoding === 'jpeg'
          ? compressedFrame(await picture.jpeg({ quality: 90 }).toBuffer())
          : rawFrame(await picture.raw().toBuffer(), shape);
      const file = join(folder, `${widthPx}x${heightPx}-${encoding}-${frames.length}`);
      writeFileSync(file, frame.data);
      frames.push(frame);
      files.push(file);
    }
  } finally {
    await bag.close();
  }
  return { files, frames };
}

const HEADER = { stamp: { sec: 0, nanosec: 0 }, frameId: CAMERA_FRAME_ID, source: 'bench' } as const;

function compressedFrame(data: Buffer): ImageFrame {
  return { ...HEADER, kind: 'compressed', format: 'rgb8; jpeg compressed bgr8', data };
}

function rawFrame(rgb: Buffer, { encoding, widthPx, heightPx }: CameraShape): RawImageFrame {
  const frame: RawImageFrame = {
    ...HEADER,
    kind: 'raw',
    encoding: 'rgb8',
    widthPx,
    heightPx,
    strideBytes: 3 * widthPx,
    isBigEndian: false,
    data: rgb,
  };
  if (encoding === 'rgb8') return frame;
  const data = nv12ByKernel(frame, preprocessOptions({ widthPx, heightPx, resizeMode: 'stretch' }));
  return { ...frame, encoding: 'nv12', strideBytes: widthPx, data };
}

/** Which picture a frame was, by its stamp. */
export function pictureOf({ nanosec }: { readonly nanosec: number }): number {
  return nanosec % 100;
}

/** Cameras in a process of their own, for a while. */
export class BenchCameras {
  readonly topics: readonly string[];
  readonly #child: ChildProcess;
  #text = '';

  constructor(shape: CameraShape, { files }: CameraPictures, forSeconds: number) {
    const { encoding, widthPx, heightPx, hz, count = 1 } = shape;
    this.topics = cameraTopics(count);
    const isRaw = encoding !== 'jpeg';
    const topics = this.topics.map((topic) => imageTopic(shape, topic));
    const kind = isRaw ? 'raw' : 'rgb8; jpeg compressed bgr8';
    const strideBytes = encoding === 'rgb8' ? 3 * widthPx : widthPx;
    const numbers = [widthPx, heightPx, strideBytes, hz, forSeconds].map(String);
    const script = packagePath('test', 'bench', 'ros', 'cameras.py');
    const args = [script, topics.join(','), kind, encoding, ...numbers, ...files];
    this.#child = spawn('python3', args, { env: process.env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
    });
  }

  /** The frames that they sent, once they have ended. */
  async sent(): Promise<number> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    return Number(/sent (\d+)/.exec(this.#text)?.[1] ?? Number.NaN);
  }
}

/** Where a camera publishes that the node knows by this topic. */
export function imageTopic({ encoding }: Pick<CameraShape, 'encoding'>, topic: string): string {
  return encoding === 'jpeg' ? `${topic}/compressed` : topic;
}

/** The first one's is what a single camera is subscribed to. */
export function cameraTopics(count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    index === 0 ? '/camera/image_raw' : `/camera${index}/image_raw`,
  );
}
