import assert from 'node:assert/strict';
import { FrameSlot } from '../../../src/image/FrameSlot.js';
import type { RawImageFrame } from '../../../src/image/ImageFrame.js';
import { compileNv12Kernel, Nv12Converter } from '../../../src/image/Nv12Converter.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { planFrame } from '../../../src/image/planFrame.js';

describe('Nv12Converter', () => {
  it('converts a grey rgb8 frame', () => {
    const frame: RawImageFrame = {
      kind: 'raw',
      stamp: { sec: 0, nanosec: 0 },
      frameId: 'camera',
      source: 'test',
      encoding: 'rgb8',
      widthPx: 640,
      heightPx: 480,
      strideBytes: 1920,
      isBigEndian: false,
      data: new Uint8Array(1920 * 480).fill(77),
    };
    const slot = FrameSlot.create();
    const converter = Nv12Converter.create(slot.memory, compileNv12Kernel());
    const plan = planFrame(frame, preprocessOptions());
    slot.copyFrom(frame.data, plan);
    const nv12 = converter.convert(plan);
    assert.equal(nv12.length, 224 * 336);
    assert.ok(nv12.subarray(0, 224 * 224).every((value) => value === 77));
    assert.ok(nv12.subarray(224 * 224).every((value) => value === 128));
  });
});
