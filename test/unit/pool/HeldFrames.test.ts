import assert from 'node:assert/strict';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { planHandover } from '../../../src/pool/FrameHandover.js';
import { HeldFrames } from '../../../src/pool/HeldFrames.js';
import { WorkerChannel } from '../../../src/pool/WorkerChannel.js';
import { heldFrames, logitsRing } from '../../../src/pool/workerProtocol.js';
import { SIDE_PX, scriptedFrame } from '../../helpers/scriptedBackend.js';

const PREPROCESS = preprocessOptions({ widthPx: SIDE_PX, heightPx: SIDE_PX, resizeMode: 'stretch' });
const INFO = {
  backend: 'bpu_sim',
  isSimulated: true,
  inputWidthPx: SIDE_PX,
  inputHeightPx: SIDE_PX,
  classCount: 3,
  runtime: 'test',
} as const;

describe('HeldFrames', () => {
  let held: HeldFrames<number>;
  let worker: WorkerChannel;

  afterEach(() => held.handover.close());

  function prepare(batchSizes: readonly number[] = [1]): void {
    held = new HeldFrames<number>();
    held.prepare({ ...INFO, batchSizes }, logitsRing(INFO.classCount, Math.max(...batchSizes)).shared);
    worker = new WorkerChannel(held.channel.buffer);
  }

  function add(job: number): void {
    const frame = scriptedFrame(job);
    held.add(job, { frame, plan: planHandover(frame, PREPROCESS), preprocess: PREPROCESS });
  }

  it('gives the slot of an answered frame to the next', () => {
    prepare();
    for (let job = 0; job < 20; job++) {
      add(job);
      const { number, slot } = worker.nextFrame() ?? { number: -1, slot: -1 };
      assert.equal(slot, 0);
      const frame = held.take(number);
      assert.equal(frame?.job, job);
      assert.equal(held.take(number), undefined);
      if (frame !== undefined) frame.slot.isFree = true;
    }
  });

  for (const batch of [1, 4]) {
    it(`holds two tasks of ${batch}, also while the worker is further than its answers`, () => {
      prepare([1, batch]);
      for (let job = 0; held.hasCapacity; job++) {
        assert.ok(job < heldFrames(batch));
        add(job);
        const { number } = worker.nextFrame() ?? { number: -1 };
        worker.closeTask(number);
      }
      assert.equal(held.count, heldFrames(batch));
      assert.throws(() => add(99), { code: 'INTERNAL' });
    });
  }

  it('fills the task that has not started, then the next, and no further', () => {
    prepare([1, 4]);
    const places: number[] = [];
    for (let job = 0; held.hasCapacity; job++) {
      places.push(held.openPlaces);
      add(job);
    }
    assert.deepEqual(places, [4, 3, 2, 1, 4, 3, 2, 1]);
    const { number } = worker.nextFrame() ?? { number: -1 };
    worker.closeTask(number);
    assert.equal(held.openPlaces, 0);
    const { started, notStarted } = held.revoke();
    assert.deepEqual([started.map(({ job }) => job), notStarted.length], [[0], 7]);
  });

  it('takes the frames that it had places for, though the worker closes its task before they come', () => {
    prepare([1, 4]);
    for (const job of [0, 1]) add(job);
    const begun = [worker.nextFrame(), worker.nextFrame()];
    for (const job of [2, 3]) add(job);
    assert.equal(held.openPlaces, 4);
    worker.closeTask(begun[1]?.number ?? -1);
    for (const job of [4, 5, 6, 7]) add(job);
    assert.equal(held.openPlaces, 0);
    assert.throws(() => add(99), { code: 'INTERNAL' });
  });
});
