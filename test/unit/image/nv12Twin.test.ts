import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';
import type { RawEncoding } from '../../../src/image/encodingTraits.js';
import { type PreprocessOptions, preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { nv12ByTwin } from '../../helpers/nv12.js';
import { sixteenToEightBits } from '../../helpers/nv12Twin.js';
import { fillRandom, rawFrame } from '../../helpers/rawFrames.js';
import { difference } from '../../helpers/scenes.js';

type Recorded = Readonly<
  Record<
    'openCvLinear' | 'openCvLinearUp' | 'openCvArea' | 'pillowBilinear' | 'openCvLimitedNv12',
    readonly number[]
  >
>;

const recorded: Recorded = JSON.parse(
  readFileSync(packagePath('test', 'fixtures', 'image', 'resampled.json'), 'utf8'),
);
const to16 = { widthPx: 16, heightPx: 16, resizeShortSidePx: 16, resizeMode: 'stretch' } as const;

function noise(encoding: RawEncoding, widthPx: number, heightPx: number, seed: number) {
  return rawFrame({ encoding, widthPx, heightPx }, (data) => fillRandom(data, seed));
}

/** A frame of these bytes, row by row. */
function frameOf(encoding: RawEncoding, widthPx: number, heightPx: number, bytes: readonly number[]) {
  return rawFrame({ encoding, widthPx, heightPx }, (data) => data.set(bytes));
}

/** The luma of a grey frame: the resampled values themselves. */
function resampled(frame: ReturnType<typeof noise>, given: Partial<PreprocessOptions>): Uint8Array {
  return nv12ByTwin(frame, preprocessOptions({ ...to16, ...given })).subarray(0, 256);
}

describe('nv12Twin', () => {
  it('resizes as OpenCV and Pillow do, within one level', () => {
    const grey = noise('mono8', 50, 37, 11);
    const few = noise('mono8', 9, 7, 12);
    const cases: readonly [Uint8Array, readonly number[]][] = [
      [resampled(grey, { filter: 'bilinear' }), recorded.openCvLinear],
      [resampled(grey, { filter: 'area' }), recorded.openCvArea],
      [resampled(grey, { filter: 'antialias' }), recorded.pillowBilinear],
      [resampled(few, { filter: 'bilinear' }), recorded.openCvLinearUp],
      [resampled(few, { filter: 'area' }), recorded.openCvLinearUp],
    ];
    for (const [actual, expected] of cases) {
      const { max, mean } = difference(actual, Uint8Array.from(expected));
      assert.ok(max <= 1 && mean <= 0.3, `max ${max}, mean ${mean}`);
    }
  });

  it('converts to limited range exactly as OpenCV, chroma from the top-left pixel of each 2x2', () => {
    const frame = noise('rgb8', 16, 16, 13);
    const nv12 = nv12ByTwin(frame, preprocessOptions({ ...to16, range: 'limited' }));
    assert.deepEqual([...nv12], recorded.openCvLimitedNv12);
  });

  it('demosaics by the mean of the nearest samples, mirrored at the border', () => {
    // Computed by hand. R G / G B tiles:
    //   R 10  G 20  R 30  G 40
    //   G 50  B 60  G 70  B 80
    //   R 90  G 11  R 21  G 31
    //   G 41  B 51  G 61  B 71
    const bytes = [10, 20, 30, 40, 50, 60, 70, 80, 90, 11, 21, 31, 41, 51, 61, 71];
    // Repeated to 16x16, which is not resampled, and looked at through its luma.
    const tiled = rawFrame({ encoding: 'bayer_rggb8', widthPx: 16, heightPx: 16 }, (data) => {
      for (let y = 0; y < 16; y++)
        for (let x = 0; x < 16; x++) data[16 * y + x] = bytes[4 * (y % 4) + (x % 4)] ?? 0;
    });
    const luma = nv12ByTwin(tiled, preprocessOptions(to16)).subarray(0, 256);
    const lumaOf = (r: number, g: number, b: number) =>
      Math.floor((299 * r + 587 * g + 114 * b + 500) / 1000);
    const mean = (...values: number[]) => Math.floor(values.reduce((a, b) => a + b) / values.length + 0.5);
    const at = (x: number, y: number) => luma[16 * y + x];
    // Inside: a red, the two kinds of green, a blue pixel.
    assert.equal(at(6, 6), lumaOf(21, mean(11, 31, 70, 61), mean(60, 80, 51, 71)));
    assert.equal(at(5, 6), lumaOf(mean(90, 21), 11, mean(60, 51)));
    assert.equal(at(6, 5), lumaOf(mean(30, 21), 70, mean(60, 80)));
    assert.equal(at(5, 5), lumaOf(mean(10, 30, 90, 21), mean(50, 70, 20, 11), 60));
    // Top-left corner: what lies beyond is the mirror image.
    assert.equal(at(0, 0), lumaOf(10, mean(20, 20, 50, 50), 60));
    // Bottom-right corner, a blue pixel: its red is the mirror image of one sample.
    assert.equal(at(15, 15), lumaOf(21, mean(61, 61, 31, 31), 71));
  });

  it('has the four Bayer patterns where their names say', () => {
    const options = preprocessOptions(to16);
    const starts = {
      bayer_rggb8: [0, 0],
      bayer_grbg8: [1, 0],
      bayer_gbrg8: [0, 1],
      bayer_bggr8: [1, 1],
    } as const;
    for (const [name, [redX, redY]] of Object.entries(starts)) {
      const red = rawFrame({ encoding: name as RawEncoding, widthPx: 16, heightPx: 16 }, (data) => {
        for (let y = redY; y < 16; y += 2) for (let x = redX; x < 16; x += 2) data[16 * y + x] = 200;
      });
      const nv12 = nv12ByTwin(red, options);
      // Red all over: Y = .299 * 200, U = 128 - .169 * 200, V = 128 + .5 * 200.
      assert.ok(nv12.subarray(0, 256).every((value) => value === 60));
      assert.deepEqual([...nv12.subarray(256, 258)], [94, 228]);
    }
  });

  it('reads packed and planar YUV where their names say', () => {
    const options = preprocessOptions(to16);
    const repeat = (data: Uint8Array, values: readonly number[]) => {
      data.set(Uint8Array.from(data, (_, index) => values[index % values.length] ?? 0));
    };
    const planes = (chroma: readonly number[]) => (data: Uint8Array) => {
      repeat(data.subarray(0, 256), [50, 60]);
      repeat(data.subarray(256), chroma);
    };
    const fills: Partial<Record<RawEncoding, (data: Uint8Array) => void>> = {
      uyvy: (data) => repeat(data, [90, 50, 200, 60]),
      yuv422: (data) => repeat(data, [90, 50, 200, 60]),
      yuyv: (data) => repeat(data, [50, 90, 60, 200]),
      yuv422_yuy2: (data) => repeat(data, [50, 90, 60, 200]),
      nv12: planes([90, 200]),
      nv21: planes([200, 90]),
      nv24: planes([90, 200]),
    };
    for (const [name, fill] of Object.entries(fills)) {
      const nv12 = nv12ByTwin(
        rawFrame({ encoding: name as RawEncoding, widthPx: 16, heightPx: 16 }, fill),
        options,
      );
      assert.deepEqual([...nv12.subarray(0, 4)], [50, 60, 50, 60], name);
      assert.deepEqual([...nv12.subarray(256, 260)], [90, 200, 90, 200], name);
    }
  });

  it('borders a letterbox with the grey that padValue is in the range', () => {
    const black = rawFrame({ encoding: 'rgb8', widthPx: 40, heightPx: 10 }, () => {});
    const letterbox = { ...to16, resizeMode: 'letterbox', padValue: 127 } as const;
    // 16 x 4 in the middle: rows 6 to 9.
    const full = nv12ByTwin(black, preprocessOptions(letterbox));
    const limited = nv12ByTwin(black, preprocessOptions({ ...letterbox, range: 'limited' }));
    const column = (nv12: Uint8Array) => Array.from({ length: 16 }, (_, row) => nv12[16 * row + 8]);
    const rows = (border: number, inside: number) =>
      Array.from({ length: 16 }, (_, y) => (y > 5 && y < 10 ? inside : border));
    assert.deepEqual(column(full), rows(127, 0));
    // 16 + 127 * 219 / 255 = 125.07.
    assert.deepEqual(column(limited), rows(125, 16));
    assert.ok(full.subarray(256).every((value) => value === 128));
  });

  it('reduces 16 bits to the nearest 8', () => {
    for (let value = 0; value < 65536; value++) {
      if (sixteenToEightBits(value) !== Math.round(value / 257)) assert.fail(`${value}`);
    }
  });

  it('honours the byte order of 16-bit channels alone', () => {
    const little = frameOf('mono16', 2, 1, [0x34, 0x12, 0x00, 0xff]);
    const options = preprocessOptions(to16);
    const first = (frame: typeof little) => nv12ByTwin(frame, options)[0];
    assert.equal(first(little), Math.round(0x1234 / 257));
    assert.equal(first({ ...little, isBigEndian: true }), Math.round(0x3412 / 257));
    const bytes = frameOf('mono8', 4, 1, [0x34, 0x12, 0x00, 0xff]);
    assert.equal(first(bytes), first({ ...bytes, isBigEndian: true }));
  });
});
