import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { isNotAfter, WorkerChannel } from '../../../src/pool/WorkerChannel.js';
import { monotonicNs } from '../../../src/stats/monotonicNs.js';

/** Both ends of a channel on one thread: fine as long as nobody has to sleep. */
function bothEnds() {
  const pool = new WorkerChannel();
  return { pool, worker: new WorkerChannel(pool.buffer) };
}

describe('WorkerChannel', () => {
  it('hands frames over in order, each once, with their slots', () => {
    const { pool, worker } = bothEnds();
    const numbers = [pool.post(0), pool.post(1)];
    assert.deepEqual(worker.nextFrame(), { number: numbers[0], slot: 0 });
    assert.deepEqual(worker.nextFrame(), { number: numbers[1], slot: 1 });
    const third = pool.post(1);
    assert.deepEqual(worker.nextFrame(), { number: third, slot: 1 });
  });

  it('gives frames that were handed over before the word to stop', () => {
    const { pool, worker } = bothEnds();
    const number = pool.post(0);
    pool.stop();
    assert.equal(worker.nextFrame()?.number, number);
    assert.equal(worker.nextFrame(), undefined);
  });

  it('takes back what was not begun, and nothing else', () => {
    const { pool, worker } = bothEnds();
    const first = pool.post(0);
    pool.post(1);
    assert.equal(worker.nextFrame()?.number, first);
    assert.equal(pool.revoke(), first);
    assert.equal(worker.nextFrame(), undefined);
    assert.equal(pool.revoke(), first);
  });

  it('says 0 where nothing was begun', () => {
    const { pool, worker } = bothEnds();
    pool.post(0);
    assert.equal(pool.revoke(), 0);
    assert.equal(worker.nextFrame(), undefined);
  });

  it('lets frame numbers go round', () => {
    const { pool, worker } = bothEnds();
    const words = new Int32Array(pool.buffer);
    // POSTED, BEGUN and CLOSED, just before the end.
    for (const word of [1, 2, 6]) words[word] = 2 ** 30 - 1;
    assert.equal(pool.post(0), 0);
    assert.equal(pool.post(1), 1);
    assert.equal(pool.isOpen(0), true);
    assert.deepEqual(worker.nextFrame(), { number: 0, slot: 0 });
    worker.closeTask(0);
    assert.deepEqual([pool.isOpen(2 ** 30 - 1), pool.isOpen(0), pool.isOpen(1)], [false, false, true]);
    assert.deepEqual(worker.nextFrame(), { number: 1, slot: 1 });
    assert.deepEqual([isNotAfter(2 ** 30 - 1, 0), isNotAfter(0, 0), isNotAfter(1, 0)], [true, true, false]);
  });

  it('waits for a further frame until its time is up, and no longer than there is one or the word to stop', () => {
    const { pool, worker } = bothEnds();
    const startNs = monotonicNs();
    assert.equal(worker.nextFrame(startNs - 1), undefined);
    assert.equal(worker.nextFrame(startNs + 5e6), undefined);
    assert.ok(monotonicNs() >= startNs + 5e6);
    const number = pool.post(3);
    assert.deepEqual(worker.nextFrame(Number.POSITIVE_INFINITY), { number, slot: 3 });
    pool.stop();
    assert.equal(worker.nextFrame(Number.POSITIVE_INFINITY), undefined);
  });

  it('waits for a frame that was announced, and no longer once it is not', () => {
    const { pool, worker } = bothEnds();
    const first = pool.post(0);
    assert.equal(worker.nextFrame()?.number, first);
    assert.equal(worker.nextExpected(first, 1e9), undefined);
    pool.expect(2);
    const startNs = monotonicNs();
    assert.equal(worker.nextExpected(first, 5e6), undefined);
    assert.ok(monotonicNs() >= startNs + 5e6);
    const second = pool.post(1);
    assert.deepEqual(worker.nextExpected(first, Number.POSITIVE_INFINITY), { number: second, slot: 1 });
    pool.expect(0);
    assert.equal(worker.nextExpected(second, Number.POSITIVE_INFINITY), undefined);
  });

  it('tells the worker its limits, from the first task on', () => {
    const { pool, worker } = bothEnds();
    assert.deepEqual(worker.batchLimits, { largestBatch: 1, waitMs: 0 });
    pool.setBatchLimits({ largestBatch: 8, waitMs: 2.5 });
    assert.deepEqual(worker.batchLimits, { largestBatch: 8, waitMs: 2.5 });
  });

  it('counts as harmless before and after guarded work, not during it', async () => {
    const { pool, worker } = bothEnds();
    assert.equal(pool.waitUntilHarmless(0), true);
    const value = await worker.guarded(async () => {
      assert.equal(pool.waitUntilHarmless(5), false);
      return 7;
    });
    assert.equal(value, 7);
    assert.equal(pool.waitUntilHarmless(0), true);
    await assert.rejects(
      worker.guarded(async () => {
        throw new RangeError('work failed');
      }),
      RangeError,
    );
    assert.equal(pool.waitUntilHarmless(0), true);
  });

  it('wakes a sleeping worker, and lets it begin nothing once the process ends', async () => {
    const pool = new WorkerChannel();
    const url = new URL('../../../src/pool/WorkerChannel.js', import.meta.url).href;
    const thread = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads');
       import('${url}').then(async ({ WorkerChannel }) => {
         const channel = new WorkerChannel(workerData);
         parentPort.postMessage(channel.nextFrame());
         await channel.guarded(async () => {});
         parentPort.postMessage(channel.nextFrame());
       });`,
      { eval: true, workerData: pool.buffer },
    );
    const messages: unknown[] = [];
    const waitFor = (count: number) =>
      new Promise<void>((resolve, reject) => {
        thread.once('error', reject);
        const look = () => (messages.length >= count ? resolve() : setTimeout(look, 5));
        look();
      });
    thread.on('message', (message) => messages.push(message));
    const number = pool.post(1);
    await waitFor(1);
    assert.deepEqual(messages, [{ number, slot: 1 }]);
    pool.announceExit();
    pool.post(0);
    assert.equal(pool.waitUntilHarmless(5000), true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(messages.length, 1);
    await thread.terminate();
  });
});
