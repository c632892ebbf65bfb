import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { compileKernel } from '../../../src/image/compileKernel.js';
import { FrameSlot } from '../../../src/image/FrameSlot.js';
import type { KernelProgram } from '../../../src/image/KernelProgram.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { MAX_SLOT_BYTES, planFrame } from '../../../src/image/planFrame.js';
import { COPY_ALIGNMENT_BYTES } from '../../../src/image/SlotLayout.js';
import { assertRefused } from '../../helpers/assertRefused.js';
import { nv12ByTwin } from '../../helpers/nv12.js';
import { fillRandom, rawFrame } from '../../helpers/rawFrames.js';

interface Answer {
  readonly offset: number;
  readonly length: number;
  readonly bytes?: Uint8Array;
  readonly slotBytes: number;
}

describe('FrameSlot', () => {
  it('copies the segments of a plan, and no more', () => {
    const slot = new FrameSlot();
    const data = Uint8Array.from({ length: 100 }, (_, index) => index);
    const segments = [
      { sourceOffsetBytes: 10, slotOffsetBytes: 2, lengthBytes: 3 },
      { sourceOffsetBytes: 90, slotOffsetBytes: 8, lengthBytes: 2 },
    ];
    slot.copyFrom(data, { segments, slotBytes: 16 });
    assert.deepEqual([...slot.view(0, 11)], [0, 0, 10, 11, 12, 0, 0, 0, 90, 91, 0]);
  });

  it('shifts a frame that begins at an odd address, and gives it back whole', () => {
    const slot = new FrameSlot();
    for (let offset = 0; offset < 17; offset++) {
      const data = new Uint8Array(new ArrayBuffer(64), offset, 40);
      fillRandom(data, offset);
      const segments = [{ sourceOffsetBytes: 0, slotOffsetBytes: 0, lengthBytes: 40 }];
      slot.copyFrom(data, { segments, slotBytes: 40 });
      assert.equal(slot.shiftBytes, offset % 8);
      assert.deepEqual(Uint8Array.from(slot.copied(40)), Uint8Array.from(data));
    }
  });

  it('keeps its content when it grows', () => {
    const slot = new FrameSlot();
    slot.view(0, 4).set([1, 2, 3, 4]);
    slot.ensureCapacity(10_000_000);
    assert.deepEqual([...slot.view(0, 4)], [1, 2, 3, 4]);
    assert.ok(slot.memory.buffer.byteLength >= 10_000_000);
    const before = slot.memory.buffer.byteLength;
    slot.ensureCapacity(5_000_000);
    assert.equal(slot.memory.buffer.byteLength, before);
  });

  it('refuses to grow beyond its limit, in one sentence', () => {
    const slot = new FrameSlot();
    // A frame of the largest plan may be copied in shifted.
    slot.ensureCapacity(MAX_SLOT_BYTES + COPY_ALIGNMENT_BYTES);
    assertRefused(
      () => slot.ensureCapacity(MAX_SLOT_BYTES + COPY_ALIGNMENT_BYTES + 1),
      'INTERNAL',
      /^Cannot grow a frame slot to \d+ bytes/,
    );
    slot.view(0, 1)[0] = 7;
    assert.equal(slot.view(0, 1)[0], 7);
  });

  it('is one memory on both threads, whichever grows it', async () => {
    const slot = new FrameSlot();
    const worker = new Worker(new URL('../../helpers/slotWorker.js', import.meta.url), {
      workerData: { memory: slot.memory, module: compileKernel('nv12') },
    });
    const ask = async (order: { program?: KernelProgram; growBytes?: number }): Promise<Answer> => {
      worker.postMessage(order);
      const [answer] = await once(worker, 'message');
      return answer;
    };
    try {
      const options = preprocessOptions();
      for (const [widthPx, heightPx, growBytes] of [
        [320, 240, undefined],
        [1280, 720, undefined],
        [640, 480, 9_000_000],
        [1920, 1200, undefined],
      ] as const) {
        const frame = rawFrame({ encoding: 'bgr8', widthPx, heightPx }, (data) => fillRandom(data, widthPx));
        const plan = planFrame(frame, options);
        slot.copyFrom(frame.data, plan);
        const answer = await ask({
          program: plan.program,
          ...(growBytes === undefined ? {} : { growBytes }),
        });
        const expected = nv12ByTwin(frame, options);
        assert.deepEqual(answer.bytes, expected);
        // What the worker wrote is seen here too, in memory that the worker may have grown.
        slot.ensureCapacity(answer.slotBytes - 65536);
        const seen = new Uint8Array(slot.memory.buffer, answer.offset, answer.length);
        assert.deepEqual(Uint8Array.from(seen), expected);
      }
    } finally {
      await worker.terminate();
    }
  });
});
