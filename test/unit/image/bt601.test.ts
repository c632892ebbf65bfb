import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  applyAffine,
  applyRgbWeights,
  applyYuvWeights,
  greyToLuma,
  RGB_TO_YUV,
  type RgbWeights,
  rangeConversion,
  YUV_TO_RGB,
} from '../../../src/image/bt601.js';

const byte = fc.integer({ min: 0, max: 255 });

/** floor(n / 1000 + 1/2), exactly. */
function roundedThousandths(n: number): number {
  return Math.min(255, Math.max(0, Math.floor((n + 500) / 1000)));
}

describe('BT.601', () => {
  it('full range is the equations of the RDK toolchain, rounded, for every fifth level of each channel', () => {
    const { y, u, v } = RGB_TO_YUV.full;
    for (let r = 0; r <= 255; r += 5) {
      for (let g = 0; g <= 255; g += 5) {
        for (let b = 0; b <= 255; b += 5) {
          const expected = [
            roundedThousandths(299 * r + 587 * g + 114 * b),
            roundedThousandths(-169 * r - 331 * g + 500 * b + 128000),
            roundedThousandths(500 * r - 419 * g - 81 * b + 128000),
          ];
          const actual = [y, u, v].map((weights) => applyRgbWeights(weights, r, g, b));
          if (actual.join() !== expected.join()) assert.fail(`${r},${g},${b}: ${actual} is not ${expected}`);
        }
      }
    }
  });

  it('full range is so for any colour, exact halves included', () => {
    fc.assert(
      fc.property(byte, byte, byte, (r, g, b) => {
        const luma = applyRgbWeights(RGB_TO_YUV.full.y, r, g, b);
        assert.equal(luma, roundedThousandths(299 * r + 587 * g + 114 * b));
      }),
      { numRuns: 2000, examples: [[0, 250, 125]] },
    );
    // 299 * 4 + 587 * 8 + 114 * 7 = 6690; 299 * 0 + 587 * 0 + 114 * 250 = 28500: an exact half goes up.
    assert.equal(applyRgbWeights(RGB_TO_YUV.full.y, 0, 0, 250), 29);
  });

  it('grey has no colour, and its luma one gain, to the last bit', () => {
    const sum = ({ r, g, b }: RgbWeights): number => r + g + b;
    const { full, limited } = RGB_TO_YUV;
    assert.deepEqual([sum(full.y), sum(full.u), sum(full.v)], [2 ** 20, 0, 0]);
    // OpenCV's factors are rounded one by one, and those of the chroma are off by one together.
    const lumaSum = [0.257, 0.504, 0.098].reduce((all, factor) => all + Math.round(factor * 2 ** 20), 0);
    assert.deepEqual([sum(limited.y), sum(limited.u), sum(limited.v)], [lumaSum, 1, 1]);
  });

  it('limited range is the standard, within one level', () => {
    const { y, u, v } = RGB_TO_YUV.limited;
    fc.assert(
      fc.property(byte, byte, byte, (r, g, b) => {
        // Over all colours the largest difference is 0.604: half a level of rounding, the rest OpenCV's factors.
        const luma = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
        const blue = 128 + (-37.797 * r - 74.203 * g + 112 * b) / 255;
        const red = 128 + (112 * r - 93.786 * g - 18.214 * b) / 255;
        assert.ok(Math.abs(applyRgbWeights(y, r, g, b) - luma) < 0.61);
        assert.ok(Math.abs(applyRgbWeights(u, r, g, b) - blue) < 0.61);
        assert.ok(Math.abs(applyRgbWeights(v, r, g, b) - red) < 0.61);
      }),
    );
  });

  for (const range of ['full', 'limited'] as const) {
    it(`a grey pixel's luma is that of its R = G = B, its chroma 128 (${range})`, () => {
      for (let level = 0; level <= 255; level++) {
        const { y, u, v } = RGB_TO_YUV[range];
        assert.equal(applyAffine(greyToLuma(range), level), applyRgbWeights(y, level, level, level));
        assert.equal(applyRgbWeights(u, level, level, level), 128);
        assert.equal(applyRgbWeights(v, level, level, level), 128);
      }
    });

    it(`there and back is within two levels (${range})`, () => {
      const { y, u, v } = RGB_TO_YUV[range];
      const { red, green, blue } = YUV_TO_RGB[range];
      fc.assert(
        fc.property(byte, byte, byte, (r, g, b) => {
          const yuv = [y, u, v].map((weights) => applyRgbWeights(weights, r, g, b));
          const [luma = 0, cb = 0, cr = 0] = yuv;
          const back = [red, green, blue].map((weights) => applyYuvWeights(weights, luma, cb, cr));
          [r, g, b].forEach((level, channel) => {
            assert.ok(Math.abs(level - (back[channel] ?? 0)) <= 2, `${[r, g, b]} became ${back}`);
          });
        }),
      );
    });

    it(`converts nothing within one range (${range})`, () => {
      const { luma, chroma } = rangeConversion(range, range);
      for (let level = 0; level <= 255; level++) {
        assert.deepEqual([applyAffine(luma, level), applyAffine(chroma, level)], [level, level]);
      }
    });
  }

  it('converts ranges as the standard says, clamped', () => {
    const limited = rangeConversion('full', 'limited');
    const full = rangeConversion('limited', 'full');
    const clamp = (value: number) => Math.min(255, Math.max(0, value));
    for (let level = 0; level <= 255; level++) {
      const near = (actual: number, expected: number) => {
        assert.ok(Math.abs(actual - clamp(expected)) <= 0.501, `${level}: ${actual} is not ${expected}`);
      };
      near(applyAffine(limited.luma, level), 16 + (level * 219) / 255);
      near(applyAffine(limited.chroma, level), 128 + ((level - 128) * 224) / 255);
      near(applyAffine(full.luma, level), ((level - 16) * 255) / 219);
      near(applyAffine(full.chroma, level), 128 + ((level - 128) * 255) / 224);
    }
  });
});
