import assert from 'node:assert/strict';
import { compileKernel } from '../../../src/image/compileKernel.js';
import { FrameSlot } from '../../../src/image/FrameSlot.js';
import type { RawImageFrame } from '../../../src/image/ImageFrame.js';
import { Nv12Converter } from '../../../src/image/Nv12Converter.js';
import type { PictureFigures } from '../../../src/image/PictureFigures.js';
import { type PreprocessOptions, preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { planFrame } from '../../../src/image/planFrame.js';
import { Random } from '../../../training/Random.js';
import { pictureFiguresTwin } from '../../helpers/pictureFiguresTwin.js';

const LARGEST_ERROR = 1e-9;

/** A grey frame of this luma. */
function greyFrame(
  widthPx: number,
  heightPx: number,
  lumaAt: (x: number, y: number) => number,
): RawImageFrame {
  const data = Uint8Array.from({ length: widthPx * heightPx }, (_, at) =>
    lumaAt(at % widthPx, Math.floor(at / widthPx)),
  );
  return {
    kind: 'raw',
    stamp: { sec: 1, nanosec: 0 },
    frameId: '',
    source: '/camera',
    encoding: 'mono8',
    widthPx,
    heightPx,
    strideBytes: widthPx,
    isBigEndian: false,
    data,
  };
}

describe('PictureFigures', () => {
  const slot = new FrameSlot();
  const converter = new Nv12Converter(slot.memory, compileKernel('nv12'));

  function measure(frame: RawImageFrame, given: Partial<PreprocessOptions> = {}): PictureFigures | undefined {
    const options = preprocessOptions({
      widthPx: frame.widthPx,
      heightPx: frame.heightPx,
      resizeShortSidePx: Math.max(frame.widthPx, frame.heightPx),
      isMeasured: true,
      ...given,
    });
    const plan = planFrame(frame, options);
    slot.copyFrom(frame.data, plan);
    return converter.measure(converter.convert(plan.program), plan.program);
  }

  function noise(widthPx: number, heightPx: number, seed = 1): RawImageFrame {
    const random = new Random(seed);
    return greyFrame(widthPx, heightPx, (x, y) => ((x * y) / 200 + random.next() * 90) & 255);
  }

  for (const [widthPx, heightPx] of [
    [224, 224],
    [256, 256],
    [380, 224],
    [224, 96],
    [32, 32],
    [34, 18],
    [512, 384],
  ] as const) {
    it(`agrees with its twin at ${widthPx}x${heightPx}`, () => {
      const frame = noise(widthPx, heightPx);
      const figures = measure(frame);
      assert.ok(figures !== undefined);
      const twin = pictureFiguresTwin(frame.data, widthPx, heightPx);
      for (const name of ['brightness', 'contrast', 'sharpness', 'flatShare'] as const) {
        const error = Math.abs(figures[name] - twin[name]) / Math.max(1, twin[name]);
        assert.ok(error < LARGEST_ERROR, `${name}: ${figures[name]} for ${twin[name]}`);
      }
    });
  }

  it('holds the largest sums there are', () => {
    const frame = greyFrame(224, 224, (x, y) => ((x + y) % 2 === 0 ? 255 : 0));
    const figures = measure(frame);
    const twin = pictureFiguresTwin(frame.data, 224, 224);
    assert.ok(Math.abs((figures?.sharpness ?? 0) - twin.sharpness) < 1e-3, `${figures?.sharpness}`);
    assert.ok(Math.abs((figures?.contrast ?? 0) - 127.5) < 1e-9);
  });

  it('has the hash of the content: the same for the same, another for one pixel that differs', () => {
    const first = measure(noise(224, 224))?.contentHash;
    assert.ok(first !== undefined && Number.isSafeInteger(first));
    measure(noise(224, 224, 2));
    assert.equal(measure(noise(224, 224))?.contentHash, first);
    const seen = new Set([first]);
    for (let pixel = 0; pixel < 224; pixel += 3) {
      const frame = noise(224, 224);
      // An even row is looked at.
      const place = (pixel & ~1) * 224 + pixel;
      frame.data[place] = (frame.data[place] ?? 0) ^ 1;
      const hash = measure(frame)?.contentHash;
      assert.ok(hash !== undefined && !seen.has(hash), `pixel ${place}`);
      seen.add(hash);
    }
  });

  it('looks at the picture alone, not at the border of a letterbox', () => {
    const bright = greyFrame(448, 224, () => 200);
    const figures = measure(bright, { widthPx: 224, heightPx: 224, resizeMode: 'letterbox', padValue: 0 });
    assert.ok(Math.abs((figures?.brightness ?? 0) - 200) < 1e-9, `${figures?.brightness}`);
    assert.equal(figures?.contrast, 0);
    assert.equal(figures?.flatShare, 1);
  });

  it('tells black from white in a limited range as in a full one', () => {
    const stripes = (x: number): number => (x % 8 < 4 ? 0 : 255);
    const frame = greyFrame(224, 224, stripes);
    const full = measure(frame);
    const limited = measure(frame, { range: 'limited' });
    assert.ok(full !== undefined && limited !== undefined);
    for (const name of ['brightness', 'contrast', 'flatShare'] as const) {
      assert.ok(Math.abs(limited[name] - full[name]) < 1, `${name}: ${limited[name]} for ${full[name]}`);
    }
    assert.ok(Math.abs(limited.sharpness / full.sharpness - 1) < 0.02);
  });

  it('measures nothing where that is not asked for, nor a picture narrower than a tile', () => {
    assert.equal(measure(noise(64, 64), { isMeasured: false }), undefined);
    assert.equal(measure(noise(16, 64)), undefined);
  });

  it('sees a picture that is blurred, dark or covered by its figures', () => {
    const scene = (x: number, y: number): number => (((x >> 3) + (y >> 3)) % 2 === 0 ? 60 : 180);
    const soft = (x: number, y: number): number => 120 + 60 * Math.sin(x / 20) * Math.sin(y / 20);
    const [sharp, blurred, dark, covered] = [
      greyFrame(224, 224, scene),
      greyFrame(224, 224, soft),
      greyFrame(224, 224, (x, y) => scene(x, y) >> 4),
      greyFrame(224, 224, (x, y) => 30 + ((x * 7 + y * 3) % 2)),
    ].map((frame) => measure(frame));
    assert.ok((sharp?.sharpness ?? 0) > 1000 && (blurred?.sharpness ?? 99) < 20);
    assert.ok((dark?.brightness ?? 99) < 20 && (sharp?.brightness ?? 0) > 100);
    assert.ok(covered?.flatShare === 1 && sharp?.flatShare === 0);
  });
});
