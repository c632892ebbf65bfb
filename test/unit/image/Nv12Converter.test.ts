import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FrameSlot } from '../../../src/image/FrameSlot.js';
import { RAW_ENCODINGS, type RawImageFrame } from '../../../src/image/ImageFrame.js';
import { compileNv12Kernel, Nv12Converter } from '../../../src/image/Nv12Converter.js';
import { frameBytes, nv12Twin } from '../../../src/image/nv12Twin.js';
import {
  PREPROCESS_FILTERS,
  PREPROCESS_RESIZE_MODES,
  type PreprocessOptions,
  preprocessOptions,
} from '../../../src/image/PreprocessOptions.js';
import { parsePlanKey, planFrame } from '../../../src/image/planFrame.js';
import { slotLayout } from '../../../src/image/SlotLayout.js';
import { fillRandom, noiseFrames, rawFrame } from '../../helpers/rawFrames.js';

const module = compileNv12Kernel();
const slot = FrameSlot.create();
const converter = Nv12Converter.create(slot.memory, module);

function byKernel(frame: RawImageFrame, options: PreprocessOptions): Uint8Array {
  const plan = planFrame(frame, options);
  slot.copyFrom(frame.data, plan);
  return converter.convert({ key: plan.key });
}

/** From the frame itself, not from the slot: a row that the plan forgot would show. */
function byTwin(frame: RawImageFrame, options: PreprocessOptions): Uint8Array {
  const { shape } = parsePlanKey(planFrame(frame, options).key);
  const layout = slotLayout(shape, options);
  return nv12Twin(frameBytes(frame.data, layout), layout);
}

function describeFrame(frame: RawImageFrame, options: PreprocessOptions): string {
  const { encoding, widthPx, heightPx, strideBytes, isBigEndian } = frame;
  return JSON.stringify({ encoding, widthPx, heightPx, strideBytes, isBigEndian, options });
}

function assertAgreement(frame: RawImageFrame, options: PreprocessOptions): void {
  const kernel = byKernel(frame, options);
  const twin = byTwin(frame, options);
  const where = twin.findIndex((value, index) => value !== kernel[index]);
  assert.equal(
    where,
    -1,
    `byte ${where} of ${twin.length}: twin ${twin[where]}, kernel ${kernel[where]}, ${describeFrame(frame, options)}`,
  );
  assert.equal(kernel.length, twin.length);
}

const anyOptions = fc
  .record({
    widthPx: fc.integer({ min: 8, max: 40 }).map((half) => 2 * half),
    heightPx: fc.integer({ min: 8, max: 40 }).map((half) => 2 * half),
    resizeMode: fc.constantFrom(...PREPROCESS_RESIZE_MODES),
    resizeShortSidePx: fc.integer({ min: 80, max: 120 }),
    padValue: fc.integer({ min: 0, max: 255 }),
    range: fc.constantFrom('full', 'limited' as const),
    sourceRange: fc.constantFrom('full', 'limited' as const),
    filter: fc.constantFrom(...PREPROCESS_FILTERS),
  })
  .map((options) => preprocessOptions(options as Partial<PreprocessOptions>));

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
    it(`agrees with its twin on camera sizes, ${resizeMode}`, () => {
      for (const encoding of RAW_ENCODINGS) {
        const options = preprocessOptions({ resizeMode });
        const frame = rawFrame({ encoding, widthPx: 641, heightPx: 480, paddingBytes: 7 }, (data) => {
          fillRandom(data, 7);
        });
        assertAgreement(frame, options);
      }
    });
  }
});
