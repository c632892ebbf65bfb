import assert from 'node:assert/strict';
import { FramePicture } from '../../../src/annotate/FramePicture.js';
import type { ImageFrame } from '../../../src/image/ImageFrame.js';

function rawFrame(encoding: 'rgb8' | 'bgr8', widthPx: number, heightPx: number): ImageFrame {
  return {
    kind: 'raw',
    encoding,
    widthPx,
    heightPx,
    strideBytes: widthPx * 3 + 6,
    isBigEndian: false,
    data: Uint8Array.from({ length: (widthPx * 3 + 6) * heightPx }, (_, i) =>
      (i % (widthPx * 3 + 6)) % 3 === 0 ? 200 : 40,
    ),
    stamp: { sec: 0, nanosec: 0 },
    frameId: '',
    source: '/camera',
  };
}

describe('FramePicture', () => {
  const picture = new FramePicture();

  for (const [encoding, expected] of [
    ['rgb8', [200, 40, 40]],
    ['bgr8', [40, 40, 200]],
  ] as const) {
    it(`gives ${encoding} with padded rows in its own colours`, () => {
      const drawn = picture.of(rawFrame(encoding, 64, 48), 1000, 1000);
      assert.ok('rgb' in drawn);
      assert.deepEqual([drawn.widthPx, drawn.heightPx, drawn.rgb.length], [64, 48, 64 * 48 * 3]);
      const middle = drawn.rgb.subarray(3 * (24 * 64 + 32), 3 * (24 * 64 + 32) + 3);
      for (const [channel, value] of expected.entries()) {
        assert.ok(Math.abs((middle[channel] ?? 0) - value) <= 3, `${middle}`);
      }
    });
  }

  it('shrinks into the box and keeps the shape', () => {
    const drawn = picture.of(rawFrame('rgb8', 640, 320), 200, 200);
    assert.ok('rgb' in drawn);
    assert.deepEqual([drawn.widthPx, drawn.heightPx], [200, 100]);
  });

  it('leaves compressed frames as they are', () => {
    const data = Uint8Array.of(1, 2, 3);
    const header = { stamp: { sec: 0, nanosec: 0 }, frameId: '', source: '/camera' };
    assert.equal(picture.of({ kind: 'compressed', format: 'jpeg', data, ...header }, 100, 100), data);
  });
});
