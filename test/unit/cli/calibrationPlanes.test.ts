import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { compress, isLoaded } from '@foxglove/wasm-zstd';
import sharp from 'sharp';
import { isBagPath } from '../../../src/cli/outputs/pictureInputs.js';
import { calibrationPlanes } from '../../../src/cli/quantizePictures.js';
import type { Terminal } from '../../../src/cli/Terminal.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { FramePlanes } from '../../../src/quantize/FramePlanes.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import {
  COMPRESSED,
  IMAGE,
  mcapBytes,
  START_NS,
  STEP_NS,
  type TestMessage,
  writeFolder,
} from '../../helpers/bags.js';
import { compressedImageCdr, imageCdr } from '../../helpers/imageMessages.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const COLOUR = '/camera/color/image_raw';
const DEPTH = '/camera/depth/image_rect_raw';
const FRAMES = 4;

/** As an RGB-D camera is recorded: colour, depth of the same times, and depth compressed. */
function rgbdMessages(): TestMessage[] {
  return Array.from({ length: FRAMES }, (_, at): TestMessage[] => {
    const logTimeNs = START_NS + BigInt(at) * STEP_NS;
    const size = { widthPx: 8, heightPx: 6 };
    const image = (topic: string, encoding: string, strideBytes: number) => ({
      ...{ topic, type: IMAGE, logTimeNs },
      data: imageCdr({ ...size, encoding, strideBytes }),
    });
    const format = '16UC1; compressedDepth png';
    return [
      image(COLOUR, 'rgb8', 24),
      image(DEPTH, '16UC1', 16),
      {
        ...{ topic: `${DEPTH}/compressedDepth`, type: COMPRESSED, logTimeNs },
        data: compressedImageCdr({ format, data: new Uint8Array(40) }),
      },
    ];
  }).flat();
}

describe('calibration pictures', () => {
  const scratch = scratchFolder();
  const planes = new FramePlanes(preprocessOptions({ widthPx: 32, heightPx: 32 }));

  async function sources(path: string, topics?: readonly string[]) {
    const warnings: string[] = [];
    const terminal = { warn: (text: string) => warnings.push(text) } as unknown as Terminal;
    const found: string[] = [];
    for await (const { source } of calibrationPlanes(path, 10, planes, terminal, topics)) found.push(source);
    return { found, warnings };
  }

  it('are the frames that can be read, with one warning for each topic that cannot', async () => {
    const path = scratch.path('rgbd.mcap');
    writeFileSync(path, await mcapBytes(rgbdMessages()));
    const { found, warnings } = await sources(path);
    assert.deepEqual(found, Array(FRAMES).fill(COLOUR));
    assert.equal(warnings.length, 2);
    assert.match(
      warnings.join('\n'),
      new RegExp(`${FRAMES} frames of ${DEPTH} could not.*is depth \\(16UC1\\)`),
    );
    assert.match(warnings.join('\n'), /compressedDepth could not be read, .* is depth \(format/);
    assert.deepEqual(await sources(path, [COLOUR.slice(1)]), { found, warnings: [] });
    await assertRejected(sources(path, ['/other']), 'NOT_FOUND', /no topic \/other; its image topics are/);
  });

  it('come from whatever a recording lies in', async () => {
    const bytes = await mcapBytes(rgbdMessages());
    await isLoaded;
    const whole = scratch.path('whole');
    writeFolder(whole, [{ name: 'whole_0.mcap', bytes, messages: rgbdMessages() }]);
    const killed = scratch.path('killed');
    cpSync(whole, killed, { recursive: true });
    rmSync(`${killed}/metadata.yaml`);
    const split = scratch.path('split');
    mkdirSync(split);
    for (const part of [0, 1]) writeFileSync(`${split}/s_${part}.MCAP`, bytes);
    const packed = scratch.path('packed.mcap.zst');
    writeFileSync(packed, compress(bytes, 1));
    const packedFolder = scratch.path('packed');
    mkdirSync(packedFolder);
    writeFileSync(`${packedFolder}/p.mcap.zstd`, compress(bytes, 1));
    for (const [path, files] of [
      [whole, 1],
      [killed, 1],
      [split, 2],
      [packed, 1],
      [packedFolder, 1],
    ] as const) {
      assert.equal(await isBagPath(path), true, path);
      const { found } = await sources(path, [COLOUR]);
      assert.equal(found.length, files * FRAMES, path);
    }
  });

  it('leave out a picture that is damaged, and go on with the others', async () => {
    const folder = scratch.path('pictures');
    mkdirSync(folder);
    const picture = sharp({ create: { width: 40, height: 40, channels: 3, background: 'teal' } });
    const jpeg = await picture.jpeg().toBuffer();
    writeFileSync(`${folder}/a.jpg`, jpeg);
    writeFileSync(`${folder}/b.jpg`, jpeg.subarray(0, jpeg.length >> 1));
    writeFileSync(`${folder}/c.webp`, await picture.webp().toBuffer());
    assert.equal(await isBagPath(folder), false);
    const { found, warnings } = await sources(folder);
    assert.deepEqual(found, [`${folder}/a.jpg`, `${folder}/c.webp`]);
    assert.match(warnings.join('\n'), /b\.jpg .* cannot be decoded/);
    await assertRejected(sources(folder, ['/x']), 'BAD_ARGUMENT', /--topic chooses topics of a bag/);
  });

  it('say how to convert a ROS 1 bag', async () => {
    const path = scratch.path('old.bag');
    writeFileSync(path, '#ROSBAG V2.0\n');
    await assertRejected(sources(path), 'UNSUPPORTED', /is a ROS 1 bag; convert it first/);
  });
});
