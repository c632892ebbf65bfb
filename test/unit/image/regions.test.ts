import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileKernel } from '../../../src/image/compileKernel.js';
import { RAW_ENCODINGS } from '../../../src/image/encodingTraits.js';
import { FrameSlot } from '../../../src/image/FrameSlot.js';
import type { RawImageFrame } from '../../../src/image/ImageFrame.js';
import { kernelProgram } from '../../../src/image/KernelProgram.js';
import { Nv12Converter } from '../../../src/image/Nv12Converter.js';
import type { PictureRegion } from '../../../src/image/PictureRegion.js';
import {
  PREPROCESS_FILTERS,
  PREPROCESS_RESIZE_MODES,
  type PreprocessOptions,
  preprocessOptions,
} from '../../../src/image/PreprocessOptions.js';
import { planFrame, planRows } from '../../../src/image/planFrame.js';
import { regionLayout, wholeRows } from '../../../src/image/SlotLayout.js';
import { assertRefused } from '../../helpers/assertRefused.js';
import { croppedFrame } from '../../helpers/croppedFrame.js';
import { nv12ByKernel, nv12ByTwin } from '../../helpers/nv12.js';
import { fillRandom, noiseFrames, rawFrame } from '../../helpers/rawFrames.js';

const side = fc.integer({ min: 16, max: 64 });
const anyOptions = fc
  .record({
    widthPx: side,
    heightPx: side,
    resizeMode: fc.constantFrom(...PREPROCESS_RESIZE_MODES),
    resizeShortSidePx: fc.integer({ min: 64, max: 100 }),
    range: fc.constantFrom<'full' | 'limited'>('full', 'limited'),
    filter: fc.constantFrom(...PREPROCESS_FILTERS),
  })
  .map(preprocessOptions);

/** A frame of noise with a region of it, as often at an odd place as at an even one. */
const framesWithRegion = (encoding: (typeof RAW_ENCODINGS)[number]) =>
  noiseFrames(150, [encoding]).chain((frame) =>
    fc
      .record({
        leftPx: fc.integer({ min: 0, max: frame.widthPx - 1 }),
        topPx: fc.integer({ min: 0, max: frame.heightPx - 1 }),
      })
      .chain(({ leftPx, topPx }) =>
        fc
          .record({
            widthPx: fc.integer({ min: 1, max: frame.widthPx - leftPx }),
            heightPx: fc.integer({ min: 1, max: frame.heightPx - topPx }),
          })
          .map((size) => ({ frame, region: { leftPx, topPx, ...size } })),
      ),
  );

function withRoi(options: PreprocessOptions, region: PictureRegion): PreprocessOptions {
  const { leftPx: left, topPx: top, widthPx: width, heightPx: height } = region;
  return preprocessOptions({ ...options, roi: { left, top, width, height, isFraction: false } });
}

const slot = new FrameSlot();
const converter = new Nv12Converter(slot.memory, compileKernel('nv12'));

/** Regions of a frame whose rows lie in the slot, all of them kept. */
function regionsInSlot(
  frame: RawImageFrame,
  regions: readonly PictureRegion[],
  options: PreprocessOptions,
): Uint8Array[] {
  const plan = planRows(frame);
  slot.copyFrom(frame.data, plan);
  const rows = wholeRows(plan.shape);
  let freeFromByte = plan.slotBytes;
  const results = regions.map((region) => {
    const program = kernelProgram(regionLayout(rows, region, options), freeFromByte);
    freeFromByte = program.slotBytes;
    return converter.convert(program);
  });
  return results.map((nv12) => nv12.slice());
}

describe('a region of a frame', () => {
  for (const encoding of RAW_ENCODINGS) {
    const isBayer = encoding.startsWith('bayer');
    it(`of ${encoding} is what ${isBayer ? 'its twin makes' : 'cropping it first gives'}, at odd places too`, () => {
      fc.assert(
        fc.property(framesWithRegion(encoding), anyOptions, ({ frame, region }, options) => {
          const byRoi = nv12ByKernel(frame, withRoi(options, region));
          const expected = isBayer
            ? nv12ByTwin(frame, withRoi(options, region))
            : nv12ByKernel(croppedFrame(frame, region), options);
          assert.deepEqual(byRoi, expected);
          // The same from a slot that holds all of the frame.
          assert.deepEqual(regionsInSlot(frame, [region], options), [expected]);
        }),
        { numRuns: 40 },
      );
    });
  }

  it('leaves what other regions of the frame gave', () => {
    for (const encoding of ['nv12', 'i420', 'rgb8', 'bayer_rggb16', 'mono16'] as const) {
      const frame = rawFrame({ encoding, widthPx: 161, heightPx: 93 }, (data) => fillRandom(data, 5));
      const options = preprocessOptions({ widthPx: 32, heightPx: 32, resizeShortSidePx: 36 });
      const regions = [0, 7, 20, 41, 60].map((place) => ({
        leftPx: place,
        topPx: place / 2 + (place % 2) / 2,
        widthPx: 90 - place,
        heightPx: 55,
      }));
      const alone = regions.map((region) => nv12ByKernel(frame, withRoi(options, region)));
      assert.deepEqual(regionsInSlot(frame, regions, options), alone, encoding);
    }
  });

  it('as large as the frame is the frame', () => {
    for (const encoding of RAW_ENCODINGS) {
      const frame = rawFrame({ encoding, widthPx: 64, heightPx: 48 }, (data) => fillRandom(data, 9));
      for (const options of [preprocessOptions(), preprocessOptions({ widthPx: 64, heightPx: 48 })]) {
        const whole = { leftPx: 0, topPx: 0, widthPx: 64, heightPx: 48 };
        const expected = nv12ByKernel(frame, options);
        assert.deepEqual(nv12ByKernel(frame, withRoi(options, whole)), expected, encoding);
        assert.deepEqual(regionsInSlot(frame, [whole], options), [expected], encoding);
      }
    }
  });

  it('copies its own rows alone', () => {
    const frame = rawFrame({ encoding: 'nv12', widthPx: 1920, heightPx: 1080 }, () => {});
    const bytesOf = (options: PreprocessOptions) =>
      planFrame(frame, options).segments.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
    const options = preprocessOptions({ filter: 'area' });
    const quarter = withRoi(options, { leftPx: 0, topPx: 270, widthPx: 1920, heightPx: 270 });
    assert.ok(bytesOf(quarter) < 0.3 * frame.data.length);
  });

  it('that lies beyond the frame is refused, with both sizes', () => {
    const frame = rawFrame({ encoding: 'mono8', widthPx: 64, heightPx: 48 }, () => {});
    const beyond = withRoi(preprocessOptions(), { leftPx: 64, topPx: 0, widthPx: 10, heightPx: 10 });
    for (let times = 0; times < 2; times++) {
      assertRefused(
        () => planFrame(frame, beyond),
        'BAD_IMAGE',
        /\(64x48\) has nothing of the roi 64,0,10,10: give one that lies in it/,
      );
    }
  });
});
