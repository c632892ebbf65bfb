import assert from 'node:assert/strict';
import sharp from 'sharp';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { FramePlanes } from '../../../src/quantize/FramePlanes.js';

const HEADER = { stamp: { sec: 0, nanosec: 0 }, frameId: '', source: 'test.png' };

describe('FramePlanes', () => {
  const options = preprocessOptions({ widthPx: 32, heightPx: 32, resizeMode: 'stretch' });

  async function picture(red: number, green: number, blue: number): Promise<Uint8Array> {
    return await sharp({
      create: { width: 64, height: 48, channels: 3, background: { r: red, g: green, b: blue } },
    })
      .png()
      .toBuffer();
  }

  for (const [red, green, blue] of [
    [255, 0, 0],
    [0, 255, 0],
    [10, 20, 200],
    [128, 128, 128],
    [255, 255, 255],
  ] as const) {
    it(`gives the planes of a picture in (${red}, ${green}, ${blue})`, async () => {
      const data = await picture(red, green, blue);
      const frame = { ...HEADER, kind: 'compressed', format: 'png', data } as const;
      for (const color of ['rgb', 'bgr'] as const) {
        const { planes, source } = await new FramePlanes(options, color).planesOf(frame);
        assert.equal(source, 'test.png');
        assert.equal(planes.length, 3 * 32 * 32);
        const expected = color === 'rgb' ? [red, green, blue] : [blue, green, red];
        expected.forEach((value, channel) => {
          for (const got of planes.subarray(channel * 1024, (channel + 1) * 1024)) {
            // Through NV12: 8 bits of luma and chroma keep a colour to about two steps.
            assert.ok(Math.abs(got - value) <= 2.5, `channel ${channel}: ${got} for ${value}`);
          }
        });
      }
    });
  }

  it('takes raw frames, one after the other, into arrays of their own', async () => {
    const frame = (value: number) =>
      ({
        ...HEADER,
        kind: 'raw',
        encoding: 'mono8',
        widthPx: 32,
        heightPx: 32,
        strideBytes: 32,
        isBigEndian: false,
        data: new Uint8Array(1024).fill(value),
      }) as const;
    const planes = new FramePlanes(options);
    assert.equal(planes.valuesPerPicture, 3072);
    const got: Float32Array[] = [];
    for (const value of [50, 200]) got.push((await planes.planesOf(frame(value))).planes);
    assert.deepEqual(
      got.map((values) => [values[0], values[3071]]),
      [
        [50, 50],
        [200, 200],
      ],
    );
  });
});
