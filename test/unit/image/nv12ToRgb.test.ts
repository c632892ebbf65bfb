import assert from 'node:assert/strict';
import { nv12ToRgb } from '../../../src/image/nv12ToRgb.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { assertRefused } from '../../helpers/assertRefused.js';
import { nv12ByKernel } from '../../helpers/nv12.js';
import { rawFrame } from '../../helpers/rawFrames.js';
import { difference, sceneFrame, smoothScene } from '../../helpers/scenes.js';

describe('nv12ToRgb', () => {
  for (const range of ['full', 'limited'] as const) {
    it(`shows the picture that was converted (${range})`, () => {
      const [widthPx, heightPx] = [64, 48];
      const frame = sceneFrame(smoothScene(widthPx, heightPx), { encoding: 'rgb8', widthPx, heightPx });
      const options = preprocessOptions({ widthPx, heightPx, range });
      const { max, mean } = difference(
        nv12ToRgb(nv12ByKernel(frame, options), widthPx, heightPx, range),
        Uint8Array.from(frame.data),
      );
      // Chroma is shared by 2x2 pixels of a gradient.
      assert.ok(max <= 21 && mean <= 4, `max ${max}, mean ${mean}`);
    });
  }

  it('takes the chroma of the block and clamps', () => {
    const nv12 = Uint8Array.of(255, 0, 0, 0, 100, 100, 100, 100, 255, 255, 128, 128);
    const rgb = nv12ToRgb(nv12, 4, 2, 'full');
    // 255 + 1.402 * 127 is clamped; 255 - (.344136 + .714136) * 127 = 120.6.
    assert.deepEqual([...rgb.subarray(0, 3)], [255, 121, 255]);
    // 0 + 1.402 * 127 = 178.05; 0 - 134.4 is clamped; 0 + 1.772 * 127 = 225.04.
    assert.deepEqual([...rgb.subarray(3, 6)], [178, 0, 225]);
    assert.deepEqual([...rgb.subarray(6, 9)], [0, 0, 0]);
    assert.deepEqual([...rgb.subarray(12, 15)], [255, 0, 255]);
    assert.deepEqual([...rgb.subarray(21, 24)], [100, 100, 100]);
  });

  it('shows a picture of an odd size whole, with the chroma of its last column and row', () => {
    const [widthPx, heightPx] = [33, 17];
    const frame = rawFrame({ encoding: 'rgb8', widthPx, heightPx }, (data) => {
      // Blue, but the last column is red and the last row green.
      for (let pixel = 0; pixel < widthPx * heightPx; pixel++) {
        const channel = pixel >= widthPx * (heightPx - 1) ? 1 : pixel % widthPx === widthPx - 1 ? 0 : 2;
        data[3 * pixel + channel] = 255;
      }
    });
    const options = preprocessOptions({ widthPx, heightPx, resizeMode: 'stretch' });
    const rgb = nv12ToRgb(nv12ByKernel(frame, options), widthPx, heightPx, 'full');
    assert.equal(rgb.length, 3 * widthPx * heightPx);
    assert.ok(difference(rgb, Uint8Array.from(frame.data)).max <= 2);
  });

  it('refuses NV12 of another size', () => {
    assertRefused(
      () => nv12ToRgb(new Uint8Array(11), 4, 2, 'full'),
      'INTERNAL',
      /12 bytes, but 11 were given/,
    );
  });
});
