import assert from 'node:assert/strict';
import { encodingTraits, type RawEncoding } from '../../../src/image/encodingTraits.js';
import type { RawImageFrame } from '../../../src/image/ImageFrame.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { planFrame } from '../../../src/image/planFrame.js';
import { rowStride } from '../../../src/image/rowStride.js';
import { assertRefused } from '../../helpers/assertRefused.js';
import { nv12ByKernel } from '../../helpers/nv12.js';
import { fillRandom, rawFrame } from '../../helpers/rawFrames.js';

type Case = readonly [string, RawEncoding, number, number, number, number, number | undefined];

/** What it is; encoding, width, height, step, bytes of data; the stride that is read. */
const CASES: readonly Case[] = [
  ['a step that fits', 'rgb8', 640, 480, 1920, 921600, 1920],
  ['a padded step', 'rgb8', 640, 480, 2048, 983040, 2048],
  ['more data than needed', 'rgb8', 640, 480, 1920, 1000000, 1920],
  ['no step (simulators)', 'rgb8', 64, 48, 0, 9216, 192],
  ['no step of planes', 'nv12', 64, 48, 0, 4608, 64],
  ['a step in pixels', 'rgb8', 640, 480, 640, 921600, 1920],
  ['all bytes over the rows (RealSense nv12)', 'nv12', 848, 480, 1272, 610560, 848],
  ['bits a pixel, rounded up, exact data', 'nv21', 640, 480, 1280, 460800, 640],
  ['bits a pixel, rounded up, a buffer of as many', 'nv21', 640, 480, 1280, 614400, 640],
  ['the same where padded rows would fit too', 'nv12', 960, 480, 1920, 921600, 960],
  ['three bytes a pixel, a buffer of as many', 'nv12', 640, 480, 1920, 921600, 640],
  ['all bytes over padded rows (DepthAI)', 'nv12', 640, 480, 1056, 506880, 704],
  ['all bytes over the rows of nv24', 'nv24', 640, 480, 1920, 921600, 640],
  ['all bytes over the rows of i420', 'i420', 640, 480, 960, 460800, 640],
  ['a step that fits, though planes would too', 'nv12', 640, 480, 960, 691200, 960],
  ['no step and data that is padded somehow', 'rgb8', 64, 48, 0, 9600, undefined],
  ['the step of yuyv under rgb8', 'rgb8', 640, 480, 1280, 614400, undefined],
  ['rows without their padding', 'rgb8', 640, 480, 2048, 921600, undefined],
  ['a byte too little', 'nv12', 848, 480, 1272, 610559, undefined],
  ['a step that belongs to nothing', 'nv12', 640, 480, 1000, 470000, undefined],
];

describe('rowStride', () => {
  for (const [what, encoding, widthPx, heightPx, stepBytes, dataBytes, expected] of CASES) {
    it(`${expected === undefined ? 'gives up on' : 'reads'} ${what}`, () => {
      const traits = encodingTraits(encoding);
      assert.equal(rowStride({ traits, widthPx, heightPx, stepBytes, dataBytes }), expected);
    });
  }

  it('gives the picture that the right step gives', () => {
    const options = preprocessOptions();
    const frame = rawFrame({ encoding: 'nv12', widthPx: 848, heightPx: 480 }, (data) => fillRandom(data, 5));
    const right = nv12ByKernel(frame, options);
    for (const strideBytes of [0, 1272, 1696]) {
      assert.deepEqual(nv12ByKernel({ ...frame, strideBytes }, options), right, `step ${strideBytes}`);
    }
  });

  it('names the step that is expected', () => {
    const frame = rawFrame({ encoding: 'nv12', widthPx: 640, heightPx: 480 }, () => {});
    const refuses = (change: Partial<RawImageFrame>, message: RegExp) =>
      assertRefused(() => planFrame({ ...frame, ...change }, preprocessOptions()), 'BAD_IMAGE', message);
    refuses(
      { strideBytes: 1000, data: new Uint8Array(470000) },
      /\(640x480 nv12, step 1000\) has 470000 bytes .* need 720000: a step of 640 is expected/,
    );
    refuses(
      { encoding: 'rgb8', strideBytes: 1280, data: new Uint8Array(614400) },
      /step of 1280 bytes, but a row of 640 rgb8 pixels needs at least 1920/,
    );
  });
});
