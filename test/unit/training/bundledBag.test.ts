import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { openBag } from '../../../src/bag/openBag.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import { signClasses } from '../../../training/signs/signClasses.js';

interface Truth {
  readonly model: string;
  readonly frames: readonly {
    readonly topic: string;
    readonly stamp: { readonly sec: number; readonly nanosec: number };
    readonly index: number;
    readonly label: string;
  }[];
}

const folder = packagePath('bags', 'signs_drive');
const truth = JSON.parse(readFileSync(`${folder}/truth.json`, 'utf8')) as Truth;

describe('bags/signs_drive', () => {
  it('names a class of the model for every frame, in the order of the recording', async () => {
    const bag = await openBag(folder);
    try {
      const frames: { topic: string; stamp: object }[] = [];
      for await (const image of bag.imageFrames()) {
        ok(image.kind === 'image', 'every message is an image');
        frames.push({ topic: image.frame.source, stamp: { ...image.frame.stamp } });
      }
      deepEqual(
        frames,
        truth.frames.map(({ topic, stamp }) => ({ topic, stamp })),
      );
      deepEqual(bag.warnings, []);
    } finally {
      await bag.close();
    }
    for (const { index, label } of truth.frames) equal(signClasses[index], label);
  });

  it('holds two cameras, one raw and one compressed, signs and background', async () => {
    const bag = await openBag(folder);
    try {
      deepEqual(
        bag.imageTopics().map(({ name, type }) => `${name} ${type}`),
        [
          '/front_camera/image_raw/compressed sensor_msgs/msg/CompressedImage',
          '/side_camera/image_raw sensor_msgs/msg/Image',
        ],
      );
    } finally {
      await bag.close();
    }
    const seen = new Set(truth.frames.map(({ label }) => label));
    ok(seen.has('background') && seen.size >= 12);
  });
});
