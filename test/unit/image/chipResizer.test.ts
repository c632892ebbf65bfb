import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chipProblem, chipStep, resizeAsChip } from '../../../src/image/chipResizer.js';

const WHOLE = { leftPx: 0, topPx: 0, widthPx: 640, heightPx: 480 };
const PICTURE = { widthPx: 640, heightPx: 480, strideBytes: 640 };
const RESULT = { widthPx: 224, heightPx: 224 };

describe('chipResizer', () => {
  /** A picture that says at each place where that is. */
  function pattern(widthPx: number, heightPx: number): Uint8Array {
    const nv12 = new Uint8Array((widthPx * heightPx * 3) / 2);
    for (let y = 0; y < heightPx; y++) {
      for (let x = 0; x < widthPx; x++) nv12[y * widthPx + x] = x * 7 + y * 13 + ((x * y) % 31) * 5;
    }
    for (let y = 0; y < heightPx / 2; y++) {
      for (let x = 0; x < widthPx; x++) {
        nv12[(heightPx + y) * widthPx + x] = x * 11 + y * 29 + ((x * y) % 17) * 3;
      }
    }
    return nv12;
  }

  /** SHA-256 of what hbdk-sim 3.49.15 gave on 2026-11-28, by a model that hands its 32x32 input through (YUV 4:4:4). */
  const simulated = [
    [
      { leftPx: 0, topPx: 0, widthPx: 124, heightPx: 120 },
      '1054a7db5abe3001dd459d39a4f5e9024b582c46e38712ad9f8e1d7c2188dd91',
    ],
    [
      { leftPx: 6, topPx: 10, widthPx: 96, heightPx: 64 },
      '139f8f8f8c436a58239ae717c5421366ee55854edff871784073f132a01e72c9',
    ],
    [
      { leftPx: 50, topPx: 30, widthPx: 32, heightPx: 32 },
      '521f49c73a84dd61d0dd2ef03d1eaf49253645c71b12e78a32cc5783dbee5baf',
    ],
    [
      { leftPx: 100, topPx: 2, widthPx: 48, heightPx: 20 },
      '232df64959ee8fab91692c3bb7364eb9e4ba60d4c9fb2baaf88989899e9f4de8',
    ],
  ] as const;
  for (const [region, sha256] of simulated) {
    it(`makes of ${region.widthPx}x${region.heightPx} what the vendor's simulator makes`, () => {
      const shape = { widthPx: 160, heightPx: 120, strideBytes: 160 };
      const made = resizeAsChip(pattern(160, 120), shape, region, { widthPx: 32, heightPx: 32 });
      assert.equal(createHash('sha256').update(made).digest('hex'), sha256);
    });
  }

  it('leaves padding of the rows alone', () => {
    const tight = pattern(160, 120);
    const padded = new Uint8Array(176 * 180).fill(255);
    for (let row = 0; row < 180; row++) padded.set(tight.subarray(160 * row, 160 * (row + 1)), 176 * row);
    const region = { leftPx: 20, topPx: 10, widthPx: 140, heightPx: 100 };
    const size = { widthPx: 48, heightPx: 40 };
    assert.deepEqual(
      resizeAsChip(padded, { widthPx: 160, heightPx: 120, strideBytes: 176 }, region, size),
      resizeAsChip(tight, { widthPx: 160, heightPx: 120, strideBytes: 160 }, region, size),
    );
  });

  it('counts its steps as the documentation has it', () => {
    assert.equal(chipStep(224, 224), 65536);
    // The simulator takes 124 pixels for 32, and refuses 125.
    assert.ok(chipStep(124, 32) <= 262_143);
    assert.ok(chipStep(125, 32) > 262_143);
  });

  it('finds nothing wrong with what the chip takes', () => {
    assert.equal(chipProblem(PICTURE, WHOLE, RESULT), undefined);
    const large = { widthPx: 1920, heightPx: 1080, strideBytes: 1920 };
    const most = { leftPx: 1028, topPx: 188, widthPx: 892, heightPx: 892 };
    assert.equal(chipProblem(large, most, RESULT), undefined);
  });

  const wrong: [string, Partial<typeof PICTURE>, Partial<typeof WHOLE>, RegExp][] = [
    ['a stride that is no multiple of 16', { strideBytes: 648 }, {}, /rows of 648 bytes.*multiples of 16/],
    ['rows that are shorter than the picture', { strideBytes: 624 }, {}, /rows of 624 bytes/],
    ['an odd place', {}, { leftPx: 1, widthPx: 600 }, /is not all even/],
    ['an odd size', {}, { heightPx: 479 }, /is not all even/],
    ['half a pixel', {}, { topPx: 0.5 }, /is not all even/],
    ['a place outside', {}, { leftPx: -2 }, /leaves the picture of 640x480/],
    ['an end outside', {}, { topPx: 2 }, /of 640x480 at 0,2 leaves the picture/],
    ['nothing', {}, { widthPx: 0 }, /is smaller than 2x2/],
    ['a huge picture', { widthPx: 4098, strideBytes: 4112 }, {}, /4098x480 where the chip takes up to 4096/],
    [
      'too much of it',
      { widthPx: 1920, heightPx: 1080, strideBytes: 1920 },
      { widthPx: 894, heightPx: 894 },
      /of 894x894 is too large: the chip makes 224x224 of 892x892 at most/,
    ],
  ];
  for (const [name, picture, region, problem] of wrong) {
    it(`says what is wrong with ${name}`, () => {
      assert.match(chipProblem({ ...PICTURE, ...picture }, { ...WHOLE, ...region }, RESULT) ?? '', problem);
    });
  }
});
