import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileKernel } from '../../../src/image/compileKernel.js';
import { RAW_ENCODINGS, type RawEncoding } from '../../../src/image/encodingTraits.js';
import { FrameSlot } from '../../../src/image/FrameSlot.js';
import type { RawImageFrame } from '../../../src/image/ImageFrame.js';
import { Nv12Converter } from '../../../src/image/Nv12Converter.js';
import {
  PREPROCESS_FILTERS,
  PREPROCESS_RESIZE_MODES,
  type PreprocessOptions,
  preprocessOptions,
} from '../../../src/image/PreprocessOptions.js';
import { planFrame } from '../../../src/image/planFrame.js';
import { nv12ByKernel, nv12ByTwin } from '../../helpers/nv12.js';
import { fillRandom, noiseFrames, rawFrame } from '../../helpers/rawFrames.js';
import { difference, fieldScene, greyScene, sceneFrame, smoothScene } from '../../helpers/scenes.js';

function describeFrame(frame: RawImageFrame, options: PreprocessOptions): string {
  const { encoding, widthPx, heightPx, strideBytes, isBigEndian } = frame;
  return JSON.stringify({ encoding, widthPx, heightPx, strideBytes, isBigEndian, options });
}

function assertAgreement(frame: RawImageFrame, options: PreprocessOptions): void {
  const kernel = nv12ByKernel(frame, options);
  const twin = nv12ByTwin(frame, options);
  const where = twin.findIndex((value, index) => value !== kernel[index]);
  assert.equal(
    where,
    -1,
    `byte ${where} of ${twin.length}: twin ${twin[where]}, kernel ${kernel[where]}, ${describeFrame(frame, options)}`,
  );
  assert.equal(kernel.length, twin.length);
}

const side = fc.integer({ min: 16, max: 80 });
const anyOptions = fc
  .record({
    widthPx: side,
    heightPx: side,
    resizeMode: fc.constantFrom(...PREPROCESS_RESIZE_MODES),
    resizeShortSidePx: fc.integer({ min: 80, max: 120 }),
    padValue: fc.integer({ min: 0, max: 255 }),
    range: fc.constantFrom<'full' | 'limited'>('full', 'limited'),
    sourceRange: fc.constantFrom<'full' | 'limited'>('full', 'limited'),
    filter: fc.constantFrom(...PREPROCESS_FILTERS),
  })
  .map(preprocessOptions);

describe('Nv12Converter', () => {
  for (const encoding of RAW_ENCODINGS) {
    it(`agrees with its twin byte for byte on ${encoding}, whatever the size and the options`, () => {
      fc.assert(
        fc.property(noiseFrames(200, [encoding]), anyOptions, (frame, options) => {
          assertAgreement(frame, options);
        }),
        { numRuns: 60 },
      );
    });
  }

  for (const resizeMode of PREPROCESS_RESIZE_MODES) {
    it(`agrees with its twin at 224x224 from an odd camera size, ${resizeMode}`, () => {
      const options = preprocessOptions({ resizeMode });
      for (const encoding of RAW_ENCODINGS) {
        const parts = { encoding, widthPx: 321, heightPx: 240, paddingBytes: 7 };
        assertAgreement(
          rawFrame(parts, (data) => fillRandom(data, 7)),
          options,
        );
      }
    });
  }

  it('agrees with its twin on slivers that shrink or grow several hundred times', () => {
    const options = preprocessOptions({ widthPx: 16, heightPx: 16, resizeShortSidePx: 16, range: 'limited' });
    for (const [widthPx, heightPx] of [
      [3000, 2],
      [2, 3000],
      [1, 1],
      [1, 40],
      [3, 1],
    ] as const) {
      for (const encoding of RAW_ENCODINGS) {
        if (encoding.startsWith('bayer') && (widthPx < 2 || heightPx < 2)) continue;
        for (const resizeMode of PREPROCESS_RESIZE_MODES) {
          const frame = rawFrame({ encoding, widthPx, heightPx }, (data) => fillRandom(data, widthPx));
          assertAgreement(frame, preprocessOptions({ ...options, resizeMode }));
        }
      }
    }
  });

  it('takes a program or a copy of it, and keeps apart what frames of other shapes left behind', () => {
    const slot = new FrameSlot();
    const converter = new Nv12Converter(slot.memory, compileKernel('nv12'));
    const options = preprocessOptions({ widthPx: 32, heightPx: 32, resizeShortSidePx: 36 });
    const frames = [300, 20, 150, 64].map((side) =>
      rawFrame({ encoding: 'rgb8', widthPx: side, heightPx: side }, (data) => fillRandom(data, side)),
    );
    for (const round of [0, 1]) {
      for (const frame of frames) {
        const plan = planFrame(frame, options);
        slot.copyFrom(frame.data, plan);
        const nv12 = converter.convert(round === 0 ? plan.program : structuredClone(plan.program));
        assert.deepEqual(nv12.slice(), nv12ByTwin(frame, options));
      }
    }
  });

  describe('passes through', () => {
    const options = preprocessOptions({ widthPx: 32, heightPx: 24, resizeShortSidePx: 40, range: 'limited' });

    for (const resizeMode of PREPROCESS_RESIZE_MODES) {
      it(`nv12 of the right size and range untouched (${resizeMode})`, () => {
        const parts = { encoding: 'nv12', widthPx: 32, heightPx: 24, byteOffset: 5 } as const;
        const frame = rawFrame(parts, (data) => fillRandom(data, 3));
        const sameRange = preprocessOptions({ ...options, resizeMode, sourceRange: 'limited' });
        assert.deepEqual(nv12ByKernel(frame, sameRange), Uint8Array.from(frame.data));
      });
    }

    it('its rows alone where they are padded', () => {
      const packed = rawFrame({ encoding: 'nv12', widthPx: 32, heightPx: 24 }, (data) => fillRandom(data, 3));
      const padded = rawFrame({ encoding: 'nv12', widthPx: 32, heightPx: 24, paddingBytes: 9 }, (data) => {
        data.fill(255);
        for (let row = 0; row < 36; row++) data.set(packed.data.subarray(32 * row, 32 * row + 32), 41 * row);
      });
      const sameRange = preprocessOptions({ ...options, sourceRange: 'limited' });
      assert.deepEqual(nv12ByKernel(padded, sameRange), Uint8Array.from(packed.data));
    });

    it('nothing of another range: values change, their places do not', () => {
      const frame = rawFrame({ encoding: 'nv12', widthPx: 32, heightPx: 24 }, (data) => fillRandom(data, 3));
      const converted = nv12ByKernel(frame, preprocessOptions({ ...options, sourceRange: 'full' }));
      frame.data.forEach((value, index) => {
        const expected = index < 32 * 24 ? 16 + (value * 219) / 255 : 128 + ((value - 128) * 224) / 255;
        assert.ok(
          Math.abs((converted[index] ?? 0) - expected) <= 0.51,
          `${value} became ${converted[index]}`,
        );
      });
    });

    it('the pixels of any encoding of the right size: they are not zoomed by crop', () => {
      const scene = fieldScene(32, 24);
      const rgb = sceneFrame(scene, { encoding: 'rgb8', widthPx: 32, heightPx: 24 });
      const nv12 = sceneFrame(scene, { encoding: 'nv12', widthPx: 32, heightPx: 24 }, 'limited');
      assert.deepEqual(nv12ByKernel(rgb, options), Uint8Array.from(nv12.data));
    });
  });

  describe('gives the same NV12 whatever the encoding', () => {
    const [widthPx, heightPx] = [480, 360];
    const lumaBytes = 224 * 224;
    const expectations = [smoothScene(widthPx, heightPx), fieldScene(widthPx, heightPx)].map((scene) => ({
      scene,
      expected: nv12ByKernel(sceneFrame(scene, { encoding: 'rgb8', widthPx, heightPx }), preprocessOptions()),
    }));

    /** In grey levels; measured, then rounded up. */
    interface Tolerance {
      /** The largest difference of a scene without edges. */
      readonly smooth: number;
      /** The largest difference of luma across hard edges, and the mean ones of luma and chroma. */
      readonly edge: number;
      readonly edgeLumaMean: number;
      readonly edgeChromaMean: number;
    }
    const exact: Tolerance = { smooth: 0, edge: 0, edgeLumaMean: 0, edgeChromaMean: 0 };
    // A pattern has every colour at a fourth or half of the pixels only.
    const bayer: Tolerance = { smooth: 1, edge: 40, edgeLumaMean: 0.65, edgeChromaMean: 0.9 };
    // Two rounding steps more in YUV, and chroma that is shared by pixels of two colours.
    const halved: Tolerance = { smooth: 2, edge: 1, edgeLumaMean: 0.03, edgeChromaMean: 1.8 };
    const whole: Tolerance = { smooth: 2, edge: 1, edgeLumaMean: 0.03, edgeChromaMean: 0.3 };
    const tolerances: Partial<Record<RawEncoding, Tolerance>> = {
      bgr8: exact,
      rgba8: exact,
      bgra8: exact,
      rgb16: exact,
      bgr16: exact,
      bayer_rggb8: bayer,
      bayer_bggr8: bayer,
      bayer_gbrg8: bayer,
      bayer_grbg8: bayer,
      uyvy: halved,
      yuv422: halved,
      yuyv: halved,
      yuv422_yuy2: halved,
      nv12: halved,
      nv21: halved,
      nv24: whole,
    };
    for (const [name, tolerance] of Object.entries(tolerances)) {
      const encoding = name as RawEncoding;
      for (const sourceRange of ['full', 'limited'] as const) {
        const isBigEndian = sourceRange === 'limited';
        it(`${encoding}, ${sourceRange} range where it is YUV, ${isBigEndian ? 'big' : 'little'} endian`, () => {
          const options = preprocessOptions({ sourceRange });
          const [smooth, edge] = expectations.map(({ scene, expected }) => {
            const parts = { encoding, widthPx, heightPx, isBigEndian, paddingBytes: 4 };
            const nv12 = nv12ByKernel(sceneFrame(scene, parts, sourceRange), options);
            return {
              luma: difference(nv12.subarray(0, lumaBytes), expected.subarray(0, lumaBytes)),
              chroma: difference(nv12.subarray(lumaBytes), expected.subarray(lumaBytes)),
            };
          });
          assert.ok(smooth !== undefined && edge !== undefined);
          assert.ok(Math.max(smooth.luma.max, smooth.chroma.max) <= tolerance.smooth, JSON.stringify(smooth));
          assert.ok(edge.luma.max <= tolerance.edge, JSON.stringify(edge));
          assert.ok(edge.luma.mean <= tolerance.edgeLumaMean, JSON.stringify(edge));
          assert.ok(edge.chroma.mean <= tolerance.edgeChromaMean, JSON.stringify(edge));
        });
      }
    }

    for (const encoding of ['mono8', 'mono16'] as const) {
      it(`${encoding} of a grey scene, exactly`, () => {
        const scene = greyScene(smoothScene(widthPx, heightPx));
        for (const range of ['full', 'limited'] as const) {
          const options = preprocessOptions({ range });
          const expected = nv12ByKernel(sceneFrame(scene, { encoding: 'rgb8', widthPx, heightPx }), options);
          const frame = sceneFrame(scene, { encoding, widthPx, heightPx, isBigEndian: true });
          assert.deepEqual(nv12ByKernel(frame, options), expected);
        }
      });
    }
  });
});
