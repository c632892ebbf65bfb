import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { RAW_ENCODINGS } from '../../../src/image/encodingTraits.js';
import type { RawImageFrame } from '../../../src/image/ImageFrame.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { MAX_SLOT_BYTES, planFrame } from '../../../src/image/planFrame.js';
import { assertRefused } from '../../helpers/assertRefused.js';
import { noiseFrames, rawFrame } from '../../helpers/rawFrames.js';

const options = preprocessOptions();
const rgb = rawFrame({ encoding: 'rgb8', widthPx: 640, heightPx: 480 }, () => {});

function refuses(change: Partial<RawImageFrame>, message: RegExp): void {
  assertRefused(() => planFrame({ ...rgb, ...change }, options), 'BAD_IMAGE', message);
}

describe('planFrame', () => {
  it('names an unknown encoding with those that are known', () => {
    refuses(
      { encoding: 'rgb24' },
      /\/camera\/image .*'rgb24': did you mean rgb8\? Known are rgb8, bgr8, .*, yv12\.$/,
    );
    refuses(
      { encoding: '32FC1' },
      /is depth \(32FC1\), which holds no colours: take the camera's colour topic/,
    );
    refuses({ encoding: '' }, /names no encoding: set the driver's/);
    refuses({ encoding: 'toString' }, /unknown encoding/);
  });

  it('refuses impossible sizes', () => {
    for (const side of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 65536, 2 ** 32]) {
      refuses({ widthPx: side }, /width of \S+ where 1 to 65535 pixels/);
      refuses({ heightPx: side }, /height of \S+ where 1 to 65535 pixels/);
    }
  });

  it('refuses a header of 65535x65535 by its length, without allocating', () => {
    const before = process.memoryUsage().arrayBuffers;
    refuses(
      { widthPx: 65535, heightPx: 65535, strideBytes: 3 * 65535 },
      /\(65535x65535 rgb8, step 196605\) has 921600 bytes of data where step x height need 12884508675\.$/,
    );
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20);
  });

  it('refuses what no slot can hold, however much data there is', () => {
    const data = { length: 2 ** 33 } as unknown as Uint8Array;
    const change = { encoding: 'mono8', widthPx: 60000, heightPx: 60000, strideBytes: 60000, data };
    refuses(change, new RegExp(`needs \\d+ bytes of memory where ${MAX_SLOT_BYTES} are allowed`));
  });

  it('refuses a step shorter than a row', () => {
    refuses(
      { strideBytes: 1919, data: rgb.data.subarray(1) },
      /step of 1919 bytes, but a row of 640 rgb8 pixels needs at least 1920 \(and 921599 bytes of data are not the 921600 of such rows\)\.$/,
    );
    refuses({ strideBytes: Number.NaN }, /step of NaN/);
    refuses({ encoding: 'rgba8' }, /at least 2560/);
    refuses({ encoding: 'rgb16' }, /at least 3840/);
    // The last pair of an odd row has four bytes all the same.
    refuses({ encoding: 'yuyv', widthPx: 5, strideBytes: 10 }, /at least 12/);
    refuses({ encoding: 'nv12', widthPx: 5, strideBytes: 5 }, /at least 6/);
  });

  it('refuses data shorter than step x height', () => {
    refuses(
      { data: rgb.data.subarray(1) },
      /\(640x480 rgb8, step 1920\) has 921599 bytes of data where step x height need 921600\.$/,
    );
    const nv12 = rawFrame({ encoding: 'nv12', widthPx: 7, heightPx: 5 }, () => {});
    assert.equal(nv12.data.length, 8 * 5 + 8 * 3);
    assertRefused(
      () => planFrame({ ...nv12, data: nv12.data.subarray(1) }, options),
      'BAD_IMAGE',
      /63 bytes of data where step x height and the chroma need 64/,
    );
  });

  it('refuses a Bayer pattern without all of its colours', () => {
    const sliver = { encoding: 'bayer_rggb8', widthPx: 1, heightPx: 480 };
    refuses(sliver, /1x480, but a Bayer pattern \(bayer_rggb8\) needs at least 2x2 pixels/);
  });

  it('says so when nobody knows where the image comes from', () => {
    refuses({ source: '', widthPx: 0 }, /^The image from an unnamed source has/);
  });

  it('gives frames of one shape the same plan, and frames of others another', () => {
    const plan = planFrame(rgb, options);
    const next = { ...rgb, data: Uint8Array.from(rgb.data), stamp: { sec: 9, nanosec: 0 } };
    assert.equal(planFrame(next, options), plan);
    assert.ok(Object.isFrozen(plan));
    assert.notDeepEqual(planFrame({ ...rgb, encoding: 'bgr8' }, options).program, plan.program);
    assert.notEqual(planFrame({ ...rgb, isBigEndian: true }, options), plan);
    assert.notDeepEqual(planFrame(rgb, preprocessOptions({ range: 'limited' })).program, plan.program);
  });

  it('can be sent to a thread', () => {
    const plan = planFrame(rgb, options);
    assert.deepEqual(structuredClone(plan), plan);
  });

  it('asks for the needed rows alone where rows are far apart', () => {
    const bilinear = preprocessOptions({ filter: 'bilinear', resizeMode: 'stretch' });
    const hd = rawFrame({ encoding: 'rgb8', widthPx: 1920, heightPx: 1080 }, () => {});
    const { segments } = planFrame(hd, bilinear);
    assert.equal(segments.length, 224);
    const copied = segments.reduce((sum, segment) => sum + segment.lengthBytes, 0);
    assert.ok(copied < 448 * 5760 + 1 && copied > 440 * 5700, `${copied} bytes`);
  });

  it('asks for everything at once where rows are near', () => {
    const { segments } = planFrame(rgb, preprocessOptions({ resizeMode: 'stretch' }));
    assert.deepEqual(segments, [{ sourceOffsetBytes: 0, slotOffsetBytes: 0, lengthBytes: 921600 }]);
  });

  it('leaves out the columns and rows that crop cuts off', () => {
    const wide = rawFrame({ encoding: 'mono8', widthPx: 20000, heightPx: 256 }, () => {});
    const { segments } = planFrame(wide, options);
    // Short side 256: rows 16 to 240 and the 224 columns in the middle.
    assert.equal(segments.length, 224);
    assert.deepEqual(segments[0], {
      sourceOffsetBytes: 16 * 20000 + 9888,
      slotOffsetBytes: 0,
      lengthBytes: 224,
    });
  });

  it('reads inside the data and writes inside the slot, whatever the frame', () => {
    const sides = preprocessOptions({ widthPx: 32, heightPx: 48, resizeShortSidePx: 50, range: 'limited' });
    fc.assert(
      fc.property(noiseFrames(300), (frame) => {
        const plan = planFrame(frame, sides);
        let slotEnd = 0;
        for (const { sourceOffsetBytes, slotOffsetBytes, lengthBytes } of plan.segments) {
          assert.ok(sourceOffsetBytes >= 0 && lengthBytes > 0);
          assert.ok(sourceOffsetBytes + lengthBytes <= frame.data.length);
          assert.ok(slotOffsetBytes >= slotEnd);
          slotEnd = slotOffsetBytes + lengthBytes;
          // Equally aligned, so that it is copied by words.
          assert.ok((slotOffsetBytes - sourceOffsetBytes) % 8 === 0);
        }
        assert.ok(slotEnd <= plan.slotBytes);
      }),
      { numRuns: 300 },
    );
  });

  it('gives a plan or a BAD_IMAGE for any header over any bytes', () => {
    const number = fc.oneof(fc.integer({ min: -2, max: 70 }), fc.integer({ max: 2 ** 33 }), fc.double());
    const encoding = fc.oneof(fc.constantFrom(...RAW_ENCODINGS), fc.string());
    fc.assert(
      fc.property(
        fc.record({
          encoding,
          widthPx: number,
          heightPx: number,
          strideBytes: number,
          isBigEndian: fc.boolean(),
        }),
        fc.nat({ max: 9000 }),
        (header, length) => {
          const frame = { ...rgb, ...header, data: new Uint8Array(length) };
          try {
            const { segments } = planFrame(frame, options);
            assert.ok(segments.every((part) => part.sourceOffsetBytes + part.lengthBytes <= length));
          } catch (error) {
            assert.ok(error instanceof EffvitError && error.code === 'BAD_IMAGE', String(error));
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('plans a stream of ever new shapes without keeping them all', () => {
    const few = preprocessOptions({ widthPx: 16, heightPx: 16, resizeShortSidePx: 16 });
    const first = rawFrame({ encoding: 'mono8', widthPx: 16, heightPx: 20 }, () => {});
    const plan = planFrame(first, few);
    for (let width = 17; width < 117; width++) {
      planFrame(
        rawFrame({ encoding: 'mono8', widthPx: width, heightPx: 20 }, () => {}),
        few,
      );
    }
    const again = planFrame(first, few);
    assert.notEqual(again, plan);
    assert.deepEqual(again, plan);
  });
});
