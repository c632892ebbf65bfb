import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { YuvRange } from '../../../src/image/ImageFrame.js';
import { Nv12TensorConverter } from '../../../src/image/Nv12TensorConverter.js';
import { nv12ToRgb } from '../../../src/image/nv12ToRgb.js';
import { nv12Bytes, type TensorOptions } from '../../../src/image/TensorOptions.js';
import { assertRefused } from '../../helpers/assertRefused.js';
import { nv12TensorTwin } from '../../helpers/nv12TensorTwin.js';
import { fillRandom } from '../../helpers/rawFrames.js';

const EFFICIENTVIT: TensorOptions = {
  widthPx: 224,
  heightPx: 224,
  layout: 'nchw',
  order: 'rgb',
  mean: [123.675, 116.28, 103.53],
  scale: [0.01712475, 0.017507, 0.01742919],
  range: 'full',
};

function noise(widthPx: number, heightPx: number, seed: number): Uint8Array {
  const nv12 = new Uint8Array(nv12Bytes(widthPx, heightPx));
  fillRandom(nv12, seed);
  return nv12;
}

const side = fc.integer({ min: 16, max: 70 });
const anyOptions = fc.record({
  widthPx: side,
  heightPx: side,
  layout: fc.constantFrom<'nchw' | 'nhwc'>('nchw', 'nhwc'),
  order: fc.constantFrom<'rgb' | 'bgr'>('rgb', 'bgr'),
  mean: fc.tuple(
    fc.float({ min: 0, max: 255 }),
    fc.float({ min: 0, max: 255 }),
    fc.float({ min: 0, max: 255 }),
  ),
  scale: fc.tuple(fc.float({ min: 0, max: 1 }), fc.float({ min: 0, max: 1 }), fc.float({ min: 0, max: 1 })),
  range: fc.constantFrom<YuvRange>('full', 'limited'),
});

describe('Nv12TensorConverter', () => {
  it('agrees with its twin bit for bit', () => {
    fc.assert(
      fc.property(anyOptions, fc.integer(), (options, seed) => {
        const nv12 = noise(options.widthPx, options.heightPx, seed);
        assert.deepEqual(new Nv12TensorConverter(options).convert(nv12), nv12TensorTwin(nv12, options));
      }),
      { numRuns: 100 },
    );
  });

  it('leaves out what the NV12 of an odd size has beyond it', () => {
    const options = { ...EFFICIENTVIT, widthPx: 17, heightPx: 19, layout: 'nhwc' as const };
    const nv12 = noise(17, 19, 3);
    const tensor = new Nv12TensorConverter(options).convert(nv12).slice();
    assert.equal(tensor.length, 3 * 17 * 19);
    const whole = new Nv12TensorConverter({ ...options, widthPx: 18, heightPx: 20 }).convert(nv12);
    for (let row = 0; row < 19; row++) {
      assert.deepEqual(
        tensor.subarray(3 * 17 * row, 3 * 17 * (row + 1)),
        whole.subarray(3 * 18 * row, 3 * (18 * row + 17)),
      );
    }
  });

  for (const range of ['full', 'limited'] as const) {
    it(`is the normalised float of what people see, within half a grey level (${range})`, () => {
      const options = { ...EFFICIENTVIT, range };
      const nv12 = noise(224, 224, 5);
      const tensor = new Nv12TensorConverter(options).convert(nv12);
      const rgb = nv12ToRgb(nv12, 224, 224, range);
      const pixels = 224 * 224;
      let worst = 0;
      for (let channel = 0; channel < 3; channel++) {
        for (let pixel = 0; pixel < pixels; pixel++) {
          const value = tensor[channel * pixels + pixel] ?? Number.NaN;
          const level = value / (options.scale[channel] ?? 1) + (options.mean[channel] ?? 0);
          worst = Math.max(worst, Math.abs(level - (rgb[3 * pixel + channel] ?? 0)));
        }
      }
      assert.ok(worst <= 0.501, `${worst} grey levels apart`);
      assert.ok(worst > 0.4, `only ${worst} grey levels apart: is one rounded from the other?`);
    });
  }

  it('gives known values for black, white and the primaries in both ranges', () => {
    const cases: readonly [YuvRange, readonly [number, number, number], readonly [number, number, number]][] =
      [
        ['full', [0, 128, 128], [0, 0, 0]],
        ['full', [255, 128, 128], [255, 255, 255]],
        ['full', [76, 85, 255], [254, 0, 0]],
        ['limited', [16, 128, 128], [0, 0, 0]],
        ['limited', [235, 128, 128], [255, 255, 255]],
        ['limited', [82, 90, 240], [255, 0, 0]],
        ['limited', [41, 240, 110], [0, 0, 255]],
      ];
    for (const [range, [y, u, v], expected] of cases) {
      const nv12 = new Uint8Array(16 * 24).fill(y, 0, 256);
      for (let index = 256; index < nv12.length; index += 2) nv12.set([u, v], index);
      const options: TensorOptions = {
        ...EFFICIENTVIT,
        widthPx: 16,
        heightPx: 16,
        layout: 'nhwc',
        mean: [0, 0, 0],
        scale: [1, 1, 1],
        range,
      };
      const pixel = new Nv12TensorConverter(options).convert(nv12).subarray(0, 3);
      pixel.forEach((value, channel) => {
        const wanted = expected[channel] ?? 0;
        assert.ok(Math.abs(value - wanted) <= 1.5, `${range} ${y},${u},${v}: ${pixel} is not ${expected}`);
      });
    }
  });

  it('keeps its tensor in memory that is not shared, and always the same', () => {
    const converter = new Nv12TensorConverter(EFFICIENTVIT);
    const tensor = converter.convert(noise(224, 224, 1));
    assert.ok(!(tensor.buffer instanceof SharedArrayBuffer));
    assert.equal(converter.convert(noise(224, 224, 2)), tensor);
    assert.equal(converter.tensor, tensor);
  });

  it('refuses NV12 of another size', () => {
    const converter = new Nv12TensorConverter(EFFICIENTVIT);
    assertRefused(() => converter.convert(new Uint8Array(10)), 'INTERNAL', /224x224 has 75264 bytes, but 10/);
  });
});
