import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { EffvitError } from '../../../src/core/EffvitError.js';
import type { ImageFrame, RawImageFrame } from '../../../src/image/ImageFrame.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import type { FrameDrop, FrameOutcome, FrameResult } from '../../../src/pool/FrameOutcome.js';
import { InferencePool } from '../../../src/pool/InferencePool.js';
import type { InferencePoolOptions, PoolModel } from '../../../src/pool/PoolOptions.js';
import { topK } from '../../../src/pool/topK.js';
import { assertBalanced } from '../../../src/stats/FrameAccounting.js';
import { ManualClock } from '../../helpers/ManualClock.js';
import { ScriptedModel, SIDE_PX, scriptedFrame } from '../../helpers/scriptedBackend.js';

const PREPROCESS = preprocessOptions({ widthPx: SIDE_PX, heightPx: SIDE_PX, resizeMode: 'stretch' });

function modelOf(spec: PoolModel<number>['backend']): PoolModel<number> {
  return { backend: spec, preprocess: PREPROCESS, postprocess: (logits) => logits[0] ?? Number.NaN };
}

const HEADER = { stamp: { sec: 1, nanosec: 0 }, frameId: 'optical', source: '/camera' } as const;

/** A black frame: prepared, its bytes make the scripted backend work and give 0. */
function greyFrame(widthPx: number, heightPx: number) {
  const data = new Uint8Array(widthPx * heightPx);
  const shape = { widthPx, heightPx, strideBytes: widthPx, isBigEndian: false };
  return { ...HEADER, ...shape, kind: 'raw', encoding: 'mono8', data } as const;
}

function blackNv12(): Uint8Array {
  const luma = SIDE_PX * SIDE_PX;
  return new Uint8Array((luma * 3) / 2).fill(128, luma);
}

type Options = Partial<InferencePoolOptions<number>>;

function resultOf(outcome: FrameOutcome<number>): FrameResult<number> {
  assert.equal(outcome.kind, 'result', JSON.stringify(outcome));
  return outcome as FrameResult<number>;
}

function dropOf(outcome: FrameOutcome<number>): FrameDrop {
  assert.equal(outcome.kind, 'dropped', JSON.stringify(outcome));
  return outcome as FrameDrop;
}

/** What became of each frame in a word: its value, or the cause of its drop. */
function wordOf(outcome: FrameOutcome<number>): number | string {
  return outcome.kind === 'result' ? outcome.value : outcome.cause;
}

describe('InferencePool', () => {
  let scripted: ScriptedModel;
  let pools: InferencePool<number>[];

  beforeEach(() => {
    scripted = new ScriptedModel();
    pools = [];
  });

  afterEach(async () => {
    scripted.release();
    scripted.hangLoads(false);
    await Promise.all(pools.map((pool) => pool.close({ drain: false })));
    for (const pool of pools) {
      const counts = pool.statistics.frames.counts();
      assertBalanced(counts);
      assert.equal(counts.inFlight, 0);
    }
  });

  function makePool(options: Options = {}): InferencePool<number> {
    const pool = new InferencePool<number>({
      model: modelOf(scripted.spec),
      threads: 1,
      dropPolicy: 'block',
      ...options,
    });
    pools.push(pool);
    return pool;
  }

  async function startPool(options: Options = {}): Promise<InferencePool<number>> {
    const pool = makePool(options);
    await pool.start();
    return pool;
  }

  /** Submits as a lossless reader does. */
  async function readAll(
    pool: InferencePool<number>,
    frames: readonly ImageFrame[],
  ): Promise<FrameOutcome<number>[]> {
    const outcomes: Promise<FrameOutcome<number>>[] = [];
    for (const frame of frames) {
      await pool.ready();
      outcomes.push(pool.submit(frame));
    }
    return await Promise.all(outcomes);
  }

  /** Keeps the only worker busy until the gate opens; resolves when it is. */
  async function block(pool: InferencePool<number>, number = 1000) {
    const outcome = pool.submit(scriptedFrame(number, 'hang', { source: '/blocker' }));
    while (scripted.runsOf(number) === 0) await sleep(1);
    return { outcome };
  }

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await sleep(1);
  }

  describe('with a frame', () => {
    it('gives its header, value and timings that add up', async () => {
      const pool = await startPool({ stampClockNs: () => 3_000_000_000n });
      const result = resultOf(await pool.submit(scriptedFrame(7, 'work', { serviceMs: 3 })));
      assert.deepEqual(result.header, {
        stamp: { sec: 1, nanosec: 7 },
        frameId: 'optical',
        source: '/camera',
      });
      assert.equal(result.value, 7);
      assert.equal(result.workerId, 0);
      assert.equal(result.nv12, undefined);
      const { totalNs, delayNs, ...stages } = result.timings;
      assert.equal(
        Object.values(stages).reduce((sum, each) => sum + each, 0),
        totalNs,
      );
      for (const [stage, timeNs] of Object.entries(stages)) assert.ok(timeNs >= 0, `${stage} ${timeNs}`);
      assert.ok(stages.inferenceNs >= 3e6);
      assert.equal(delayNs, 3_000_000_000 - 1_000_000_007);
    });

    it('knows no delay without a clock, before its first tick, or without a stamp', async () => {
      const without = resultOf(await (await startPool()).submit(scriptedFrame(1)));
      assert.equal('delayNs' in without.timings, false);
      const waiting = await startPool({ stampClockNs: () => undefined });
      assert.equal('delayNs' in resultOf(await waiting.submit(scriptedFrame(1))).timings, false);
      const pool = await startPool({ stampClockNs: () => 3_000_000_000n });
      const unstamped = { ...scriptedFrame(1), stamp: { sec: 0, nanosec: 0 } };
      assert.equal('delayNs' in resultOf(await pool.submit(unstamped)).timings, false);
    });

    it('copies what the network saw when asked', async () => {
      const pool = await startPool();
      const frame = scriptedFrame(9);
      const further = scriptedFrame(10);
      const [first, second] = await Promise.all([
        pool.submit(frame, { keepNv12: true }),
        pool.submit(further, { keepNv12: true }),
      ]);
      assert.deepEqual(resultOf(first).nv12, frame.data);
      assert.deepEqual(resultOf(second).nv12, further.data);
    });

    it('refuses an image that cannot be read, at once and alone', async () => {
      const pool = await startPool();
      const drop = dropOf(await pool.submit({ ...scriptedFrame(1), encoding: 'cmyk' }));
      assert.equal(drop.cause, 'bad_image');
      assert.equal(drop.error?.code, 'BAD_IMAGE');
      assert.equal(drop.header.source, '/camera');
      const garbled: ImageFrame = {
        kind: 'compressed',
        stamp: { sec: 1, nanosec: 0 },
        frameId: 'optical',
        source: '/camera',
        format: 'jpeg',
        data: new TextEncoder().encode('this is no picture'),
      };
      const compressed = dropOf(await pool.submit(garbled));
      assert.equal(compressed.cause, 'bad_image');
      assert.equal(resultOf(await pool.submit(scriptedFrame(2))).value, 2);
      assert.equal(pool.statistics.frames.counts().dropped.bad_image, 2);
      assert.equal(pool.workers().deaths, 0);
    });

    it('tells the size of the picture, of a compressed one too', async () => {
      const pool = await startPool();
      const black = { width: 40, height: 24, channels: 3, background: '#000' } as const;
      const png = await sharp({ create: black }).png().toBuffer();
      const compressed: ImageFrame = { ...HEADER, kind: 'compressed', format: 'png', data: png };
      for (const frame of [compressed, greyFrame(40, 24)]) {
        const result = resultOf(await pool.submit(frame, { keepNv12: true }));
        assert.deepEqual([result.widthPx, result.heightPx], [40, 24]);
        assert.deepEqual(result.nv12, blackNv12());
      }
      assert.equal(pool.statistics.stages.summary().decode.count, 1);
    });

    it('takes ever new kinds of frames', async () => {
      const pool = await startPool({ threads: 2, queueSize: 20 });
      const frames = Array.from({ length: 300 }, (_, index) => greyFrame(16 + (index % 150), 16 + index));
      const outcomes = await readAll(pool, frames);
      assert.deepEqual(
        outcomes.map((outcome) => resultOf(outcome).heightPx),
        frames.map(({ heightPx }) => heightPx),
      );
    });

    it('takes kinds of frames in turn', async () => {
      const pool = await startPool({ queueSize: 20 });
      const frames = Array.from({ length: 12 }, (_, index) => greyFrame(16 + 4 * (index % 3), 20));
      const outcomes = await readAll(pool, frames);
      assert.deepEqual(
        outcomes.map((outcome) => resultOf(outcome).widthPx),
        frames.map(({ widthPx }) => widthPx),
      );
    });

    it('prepares each frame by the options of its time, compressed ones too', async () => {
      const pool = await startPool();
      const white = { width: 32, height: 16, channels: 3, background: '#fff' } as const;
      const data = await sharp({ create: white }).png().toBuffer();
      const frame: ImageFrame = { ...HEADER, kind: 'compressed', format: 'png', data };
      // A letterbox of padding 0 has black bars above and below, whose first bytes are the script: work.
      const letterbox = (padValue: number) =>
        preprocessOptions({ widthPx: SIDE_PX, heightPx: SIDE_PX, resizeMode: 'letterbox', padValue });
      const bars: unknown[] = [];
      for (const padValue of [0, 7, 0]) {
        pool.setModelOptions({ preprocess: letterbox(padValue) });
        bars.push(resultOf(await pool.submit(frame, { keepNv12: true })).nv12?.[0]);
      }
      assert.deepEqual(bars, [0, 7, 0]);
    });

    it('counts a frame that the caller refuses', async () => {
      const pool = await startPool();
      pool.refuse('rate_limited');
      const counts = pool.statistics.frames.counts();
      assert.deepEqual([counts.received, counts.dropped.rate_limited, counts.inFlight], [1, 1, 0]);
    });

    it('measures stages of published frames, and forgets them on reset', async () => {
      const pool = await startPool();
      await readAll(pool, [scriptedFrame(1), scriptedFrame(2), scriptedFrame(3, 'throw')]);
      const summary = pool.statistics.stages.summary();
      assert.equal(summary.total.count, 2);
      assert.equal(summary.inference.count, 2);
      assert.equal(summary.decode.count, 0);
      pool.statistics.reset();
      assert.equal(pool.statistics.stages.summary().total.count, 0);
      assert.deepEqual(
        [pool.statistics.frames.counts().received, pool.statistics.frames.counts().published],
        [0, 0],
      );
    });
  });

  describe('with many workers', () => {
    for (const threads of [1, 2, 4, 8]) {
      it(`gives the same results in the same order per camera with ${threads}`, async () => {
        const pool = await startPool({ threads });
        const delivered = new Map<string, number[]>();
        const sources = ['/left', '/right', '/rear'];
        for (let number = 0; number < 120; number += 1) {
          const source = sources[number % 3] ?? '';
          await pool.ready();
          // Service times that would turn the order around.
          const frame = scriptedFrame(number, 'work', { source, serviceMs: (number * 7) % 5 });
          void pool.submit(frame).then((outcome) => {
            delivered.set(source, [...(delivered.get(source) ?? []), resultOf(outcome).value]);
          });
        }
        await pool.drain();
        for (const [rank, source] of sources.entries()) {
          const expected = Array.from({ length: 40 }, (_, index) => 3 * index + rank);
          assert.deepEqual(delivered.get(source), expected);
        }
      });
    }

    it('delivers in the order of completion where order is not asked for', async () => {
      const pool = await startPool({ threads: 2, ordered: false });
      const delivered: number[] = [];
      const note = (outcome: FrameOutcome<number>) => delivered.push(resultOf(outcome).value);
      const { outcome: slow } = await block(pool, 1);
      const noted = slow.then(note);
      await pool.submit(scriptedFrame(2, 'work', { source: '/blocker' })).then(note);
      scripted.release();
      await noted;
      assert.deepEqual(delivered, [2, 1]);
    });

    it('holds results back no longer than their limit, and drops the one that held them back', async () => {
      const clock = new ManualClock();
      const pool = await startPool({
        threads: 2,
        queueSize: 4,
        dropPolicy: 'oldest',
        orderTimeoutMs: 300,
        clock,
      });
      const delivered: (number | string)[] = [];
      const note = (outcome: FrameOutcome<number>) => delivered.push(wordOf(outcome));
      const { outcome: slow } = await block(pool, 1);
      const noted = slow.then(note);
      const held = [2, 3].map((number) =>
        pool.submit(scriptedFrame(number, 'work', { source: '/blocker' })).then(note),
      );
      await until(() => scripted.runsOf(3) === 1 && clock.pendingMs.includes(300));
      clock.advance(299);
      await sleep(5);
      assert.deepEqual(delivered, []);
      clock.advance(1);
      await Promise.all(held);
      assert.deepEqual(delivered, [2, 3]);
      scripted.release();
      await noted;
      assert.deepEqual(delivered, [2, 3, 'overtaken']);
      assert.equal(pool.statistics.frames.counts().dropped.overtaken, 1);
      assert.equal(wordOf(await pool.submit(scriptedFrame(4, 'work', { source: '/blocker' }))), 4);
    });

    for (const options of [{ dropPolicy: 'block' }, { dropPolicy: 'oldest', orderTimeoutMs: 0 }] as const) {
      it(`holds results back without a limit with ${JSON.stringify(options)}`, async () => {
        const clock = new ManualClock();
        const pool = await startPool({ threads: 2, queueSize: 4, runTimeoutMs: 60_000, clock, ...options });
        const { outcome: slow } = await block(pool, 1);
        const held = pool.submit(scriptedFrame(2, 'work', { source: '/blocker' }));
        await until(() => scripted.runsOf(2) === 1);
        clock.advance(10_000);
        scripted.release();
        assert.deepEqual((await Promise.all([slow, held])).map(wordOf), [1, 2]);
      });
    }

    it('takes another limit at once, for results that wait already', async () => {
      const clock = new ManualClock();
      const pool = await startPool({
        threads: 2,
        queueSize: 4,
        dropPolicy: 'oldest',
        orderTimeoutMs: 0,
        clock,
      });
      const { outcome: slow } = await block(pool, 1);
      const held = pool.submit(scriptedFrame(2, 'work', { source: '/blocker' }));
      await until(() => scripted.runsOf(2) === 1);
      await until(() => {
        pool.setOptions({ orderTimeoutMs: 100 });
        return clock.pendingMs.includes(100);
      });
      clock.advance(100);
      assert.equal(wordOf(await held), 2);
      scripted.release();
      assert.equal(wordOf(await slow), 'overtaken');
    });

    it('does not run a frame that a hung worker gave back after later ones were delivered', async () => {
      const clock = new ManualClock();
      const pool = await startPool({ threads: 2, queueSize: 9, clock });
      const { outcome: hung } = await block(pool, 1);
      const delivered: (number | string)[] = [];
      // 2 keeps the other worker busy, 3 lies ready for it and 4 for the one that hangs, 5 waits in the queue.
      const outcomes = [2, 3, 4, 5].map((number) =>
        pool
          .submit(scriptedFrame(number, 'work', { source: '/blocker', serviceMs: number === 2 ? 100 : 0 }))
          .then((outcome) => delivered.push(wordOf(outcome))),
      );
      await until(() => scripted.runsOf(5) === 1);
      await until(() => {
        pool.setOptions({ dropPolicy: 'oldest', orderTimeoutMs: 400 });
        clock.advance(400);
        return delivered.length === 3;
      });
      assert.deepEqual(delivered, [2, 3, 5]);
      clock.advance(5000);
      assert.equal(wordOf(await hung), 'timed_out');
      await Promise.all(outcomes);
      assert.deepEqual(delivered, [2, 3, 5, 'overtaken']);
      assert.equal(scripted.runsOf(4), 0);
    });

    it('does not hold up the frames behind one that fails', async () => {
      const pool = await startPool({ threads: 2 });
      const outcomes = await readAll(pool, [
        scriptedFrame(1, 'throw', { serviceMs: 30 }),
        scriptedFrame(2),
        scriptedFrame(3),
      ]);
      assert.deepEqual(outcomes.map(wordOf), ['inference_failed', 2, 3]);
      const [failed] = outcomes;
      assert.equal(failed?.kind, 'dropped');
      assert.deepEqual(failed.error?.context, { source: failed.header.source, backend: 'module' });
    });
  });

  describe('with a model that takes several frames', () => {
    const BATCHES = { batchSizes: [1, 4] } as const;

    async function startBatches(options: Options = {}): Promise<InferencePool<number>> {
      return await startPool({ model: modelOf(scripted.variant(BATCHES)), queueSize: 20, ...options });
    }

    /** Frames that wait while the only worker is busy, and what became of them. */
    async function behindBlocker(pool: InferencePool<number>, frames: readonly RawImageFrame[]) {
      const { outcome } = await block(pool);
      const outcomes = frames.map((frame) => pool.submit(frame));
      scripted.release();
      await outcome;
      return await Promise.all(outcomes);
    }

    function sizesOf(outcomes: readonly FrameOutcome<number>[]): number[] {
      return outcomes.map((outcome) => resultOf(outcome).batchSize);
    }

    it('computes the frames that are ready together, as many as a task takes', async () => {
      const pool = await startBatches();
      assert.deepEqual(pool.info?.batchSizes, [1, 4]);
      const outcomes = await behindBlocker(
        pool,
        [1, 2, 3, 4, 5, 6].map((number) => scriptedFrame(number)),
      );
      assert.deepEqual(outcomes.map(wordOf), [1, 2, 3, 4, 5, 6]);
      assert.deepEqual(sizesOf(outcomes).slice(0, 4), [4, 4, 4, 4]);
      assert.ok(pool.statistics.meanBatchSize > 1.7, `${pool.statistics.meanBatchSize}`);
    });

    it('computes a frame alone at once where none else is there', async () => {
      const pool = await startBatches();
      for (const number of [1, 2, 3]) {
        const result = resultOf(await pool.submit(scriptedFrame(number)));
        assert.equal(result.batchSize, 1);
      }
      assert.equal(pool.statistics.meanBatchSize, 1);
    });

    it('waits for company as long as it is told, and tells each frame its own wait', async () => {
      const pool = await startBatches({ batchWaitMs: 1000 });
      const outcomes = await Promise.all([1, 2, 3, 4].map((number) => pool.submit(scriptedFrame(number))));
      assert.deepEqual(sizesOf(outcomes), [4, 4, 4, 4]);
      const waits = outcomes.map((outcome) => resultOf(outcome).timings.batchWaitNs);
      // A full task does not wait: it begins when the last of its frames is there.
      assert.ok((waits.at(-1) ?? Number.NaN) < 900e6, `${waits}`);
      assert.deepEqual(
        waits,
        waits.toSorted((a, b) => b - a),
      );
      for (const outcome of outcomes) {
        const { totalNs, ...stages } = resultOf(outcome).timings;
        assert.equal(
          Object.values(stages).reduce((sum, each) => sum + each, 0),
          totalNs,
        );
      }
      pool.setOptions({ batchWaitMs: 30 });
      const alone = resultOf(await pool.submit(scriptedFrame(5)));
      assert.ok(alone.timings.batchWaitNs >= 25e6, `${alone.timings.batchWaitNs}`);
      assert.equal(pool.statistics.stages.summary().batchWait.count, 5);
    });

    it('takes another largest task and another wait while it runs', async () => {
      const pool = await startBatches({ maxBatch: 2 });
      const frames = (first: number) => [0, 1, 2, 3].map((index) => scriptedFrame(first + index));
      assert.deepEqual(sizesOf(await behindBlocker(pool, frames(1))), [2, 2, 2, 2]);
      pool.setOptions({ maxBatch: 1, batchWaitMs: 1000 });
      const outcomes = await Promise.all(frames(11).map((frame) => pool.submit(frame)));
      assert.deepEqual(sizesOf(outcomes), [1, 1, 1, 1]);
      pool.setOptions({ maxBatch: 0 });
      const together = await Promise.all(frames(21).map((frame) => pool.submit(frame)));
      assert.deepEqual(sizesOf(together), [4, 4, 4, 4]);
    });

    for (const [action, cause] of [
      ['throw', 'inference_failed'],
      ['nan', 'inference_failed'],
    ] as const) {
      it(`loses the frame alone, not its task, for ${action}`, async () => {
        const pool = await startBatches();
        const outcomes = await behindBlocker(pool, [
          scriptedFrame(1),
          scriptedFrame(2, action),
          scriptedFrame(3),
          scriptedFrame(4),
        ]);
        assert.deepEqual(outcomes.map(wordOf), [1, cause, 3, 4]);
        for (const number of [1, 2, 3, 4]) assert.ok(scripted.runsOf(number) <= 1);
      });
    }

    it('loses a picture that cannot be decoded alone, and its place goes to the next', async () => {
      const pool = await startBatches();
      const garbled: ImageFrame = { ...HEADER, kind: 'compressed', format: 'jpeg', data: new Uint8Array(99) };
      const { outcome } = await block(pool);
      const frames = [scriptedFrame(1), garbled, scriptedFrame(3), scriptedFrame(4)];
      const outcomes = frames.map((frame) => pool.submit(frame));
      scripted.release();
      await outcome;
      assert.deepEqual((await Promise.all(outcomes)).map(wordOf), [1, 'bad_image', 3, 4]);
    });

    for (const action of ['die', 'exit', 'crash'] as const) {
      it(`loses a task with the worker that has begun it, and nothing behind it, after ${action}`, async () => {
        const pool = await startBatches();
        const outcomes = await behindBlocker(
          pool,
          [1, 2, 3, 4, 5, 6].map((number) => scriptedFrame(number, number === 2 ? action : 'work')),
        );
        const died = Array.from({ length: 4 }, () => 'worker_died');
        assert.deepEqual(outcomes.map(wordOf), [...died, 5, 6]);
        assert.equal(pool.statistics.frames.counts().inFlight, 0);
      });
    }

    it('shares a task fairly between cameras, and keeps the order of each', async () => {
      const pool = await startBatches({ dropPolicy: 'oldest', queueSize: 8 });
      const frames = Array.from({ length: 8 }, (_, number) =>
        scriptedFrame(number, 'work', { source: number < 6 ? '/fast' : '/slow' }),
      );
      const outcomes = await behindBlocker(pool, frames);
      assert.deepEqual(
        outcomes.map(wordOf),
        frames.map((_, number) => number),
      );
      assert.equal(resultOf(outcomes[6] as FrameOutcome<number>).batchSize, 4);
    });

    it('swaps to a model without batches and back under load', async () => {
      const pool = await startBatches({ threads: 2 });
      const outcomes = readAll(
        pool,
        Array.from({ length: 200 }, (_, number) => scriptedFrame(number, 'work', { serviceMs: 1 })),
      );
      for (const spec of [scripted.spec, scripted.variant(BATCHES), scripted.variant({ batchSizes: [4] })]) {
        await pool.swapModel(modelOf(spec));
      }
      assert.deepEqual(
        (await outcomes).map(wordOf),
        Array.from({ length: 200 }, (_, number) => number),
      );
    });
  });

  describe('when more comes than it can do', () => {
    it('drops the oldest waiting frame', async () => {
      const pool = await startPool({ queueSize: 2, dropPolicy: 'oldest' });
      const { outcome: blocker } = await block(pool);
      const outcomes = [1, 2, 3, 4].map((number) => pool.submit(scriptedFrame(number)));
      assert.equal(pool.queuedCount, 2);
      scripted.release();
      assert.deepEqual((await Promise.all(outcomes)).map(wordOf), ['queue_full', 'queue_full', 3, 4]);
      assert.equal(wordOf(await blocker), 1000);
    });

    it('hands a live frame ahead to a worker that should be done by now', async () => {
      const clock = new ManualClock();
      const pool = await startPool({ queueSize: 2, dropPolicy: 'oldest', runTimeoutMs: 600_000, clock });
      await pool.submit(scriptedFrame(1));
      const { outcome: blocker } = await block(pool);
      // Far longer than the frame before took.
      clock.advance(300_000);
      const outcomes = [2, 3].map((number) => pool.submit(scriptedFrame(number)));
      // One is with the worker, and only one.
      assert.equal(pool.queuedCount, 1);
      scripted.release();
      assert.deepEqual((await Promise.all([blocker, ...outcomes])).map(wordOf), [1000, 2, 3]);
    });

    it('keeps a live frame back, where a newer one can replace it, while no worker is near its end', async () => {
      // However long this machine takes to go on, for the pool no time passes.
      const pool = await startPool({ queueSize: 1, dropPolicy: 'oldest', clock: new ManualClock() });
      await pool.submit(scriptedFrame(1, 'work', { serviceMs: 250 }));
      await block(pool);
      const outcomes = [2, 3].map((number) => pool.submit(scriptedFrame(number)));
      scripted.release();
      assert.deepEqual((await Promise.all(outcomes)).map(wordOf), ['queue_full', 3]);
    });

    it('drops the newest frame', async () => {
      const pool = await startPool({ queueSize: 2, dropPolicy: 'newest' });
      await block(pool);
      const outcomes = [1, 2, 3, 4].map((number) => pool.submit(scriptedFrame(number)));
      scripted.release();
      assert.deepEqual((await Promise.all(outcomes)).map(wordOf), [1, 2, 'queue_full', 'queue_full']);
    });

    it('holds the entrance under block, and loses nothing', async () => {
      const pool = await startPool({ queueSize: 2, threads: 2 });
      let isReady = false;
      const blockers = [(await block(pool, 1000)).outcome, (await block(pool, 1001)).outcome];
      // Two of them go ahead to the workers, two wait.
      const waiting = [1, 2, 3, 4].map((number) => pool.submit(scriptedFrame(number)));
      assert.equal(pool.queuedCount, 2);
      const ready = pool.ready().then(() => {
        isReady = true;
      });
      await sleep(20);
      assert.equal(isReady, false);
      scripted.release();
      await ready;
      assert.deepEqual((await Promise.all([...blockers, ...waiting])).map(wordOf), [1000, 1001, 1, 2, 3, 4]);
    });

    it('loses nothing with several entrances under block', async () => {
      const pool = await startPool({ queueSize: 1, threads: 2 });
      const entrances = Array.from({ length: 6 }, (_, entrance) =>
        readAll(
          pool,
          Array.from({ length: 30 }, (_, index) =>
            scriptedFrame(100 * entrance + index, 'work', { source: `/${entrance}` }),
          ),
        ),
      );
      await Promise.all(entrances);
      assert.equal(pool.statistics.frames.counts().published, 180);
    });

    it('serves a slow camera beside a fast one', async () => {
      const pool = await startPool({ queueSize: 4, dropPolicy: 'oldest' });
      await block(pool);
      const slow = pool.submit(scriptedFrame(1, 'work', { source: '/slow' }));
      const fast = Array.from({ length: 40 }, (_, index) =>
        pool.submit(scriptedFrame(100 + index, 'work', { source: '/fast' })),
      );
      scripted.release();
      assert.equal(wordOf(await slow), 1);
      assert.equal((await Promise.all(fast)).map(wordOf).filter((word) => word === 'queue_full').length, 37);
    });

    it('drops what waited too long', async () => {
      const pool = await startPool({ queueSize: 10, dropPolicy: 'oldest', maxAgeMs: 30 });
      await block(pool);
      const old = [1, 2].map((number) => pool.submit(scriptedFrame(number)));
      await sleep(40);
      const fresh = pool.submit(scriptedFrame(3));
      pool.setOptions({ maxAgeMs: 35 });
      scripted.release();
      assert.deepEqual((await Promise.all(old)).map(wordOf), ['too_old', 'too_old']);
      assert.equal((await fresh).header.stamp.nanosec, 3);
    });

    it('keeps the order when the policy turns to block while frames wait', async () => {
      const pool = await startPool({ queueSize: 4, dropPolicy: 'oldest' });
      await block(pool);
      const delivered: (number | string)[] = [];
      const note = (outcome: FrameOutcome<number>) => delivered.push(wordOf(outcome));
      const outcomes = [1, 2, 3].map((number) => pool.submit(scriptedFrame(number)).then(note));
      pool.setOptions({ dropPolicy: 'block' });
      outcomes.push(pool.submit(scriptedFrame(4)).then(note));
      scripted.release();
      await Promise.all(outcomes);
      assert.deepEqual(delivered, [1, 2, 3, 4]);
    });

    it('takes a smaller queue and another policy at once', async () => {
      const pool = await startPool({ queueSize: 10, dropPolicy: 'oldest' });
      await block(pool);
      const outcomes = [1, 2, 3, 4, 5].map((number) => pool.submit(scriptedFrame(number)));
      pool.setOptions({ queueSize: 3 });
      pool.setOptions({ dropPolicy: 'newest' });
      outcomes.push(pool.submit(scriptedFrame(6)));
      scripted.release();
      assert.deepEqual((await Promise.all(outcomes)).map(wordOf), [
        'queue_full',
        'queue_full',
        3,
        4,
        5,
        'queue_full',
      ]);
    });
  });

  describe('when a worker fails', () => {
    it('fails the frame alone for an exception, and for NaN', async () => {
      const pool = await startPool();
      const outcomes = await readAll(pool, [
        scriptedFrame(1, 'throw'),
        scriptedFrame(2, 'nan'),
        scriptedFrame(3),
      ]);
      assert.deepEqual(outcomes.map(wordOf), ['inference_failed', 'inference_failed', 3]);
      const [first, second] = outcomes.map((outcome) =>
        outcome.kind === 'dropped' ? outcome.error : undefined,
      );
      assert.equal(first?.message, 'The scripted run fails.');
      assert.match(second?.message ?? '', /NaN or infinite/);
      assert.equal(pool.workers().deaths, 0);
    });

    it('fails the frame alone where the postprocessing throws', async () => {
      const model = modelOf(scripted.spec);
      const pool = await startPool({
        model: {
          ...model,
          postprocess: (logits) => {
            if (logits[0] === 1) throw new RangeError('no such label');
            return logits[0] ?? 0;
          },
        },
      });
      const [first, second] = await readAll(pool, [scriptedFrame(1), scriptedFrame(2)]);
      assert.ok(first && second);
      assert.match(dropOf(first).error?.message ?? '', /no such label/);
      assert.equal(wordOf(second), 2);
    });

    it('lets results be judged in the order of their frames, each with its logits', async () => {
      const judged: [number, readonly number[], number][] = [];
      const pool = await startPool({
        threads: 3,
        model: {
          ...modelOf(scripted.spec),
          judge: (value, { header, logits }) => {
            judged.push([value, [...logits], header.stamp.nanosec]);
            return { value, smoothed: judged.length };
          },
        },
      });
      const frames = Array.from({ length: 12 }, (_, number) =>
        scriptedFrame(number, number === 4 ? 'throw' : 'work', { serviceMs: (number % 3) * 5 }),
      );
      const outcomes = await readAll(pool, frames);
      const numbers = frames.map((_, number) => number).filter((number) => number !== 4);
      assert.deepEqual(
        judged,
        numbers.map((number) => [number, [number, 1, 2, 3], number]),
      );
      const smoothed = outcomes.flatMap((outcome) => (outcome.kind === 'result' ? [outcome.smoothed] : []));
      assert.deepEqual(
        smoothed,
        numbers.map((_, index) => index + 1),
      );
    });

    it('fails the frame alone where judging throws', async () => {
      const pool = await startPool({
        model: {
          ...modelOf(scripted.spec),
          judge: (value) => {
            if (value === 1) throw new RangeError('no such camera');
            return { value };
          },
        },
      });
      const [first, second] = await readAll(pool, [scriptedFrame(1), scriptedFrame(2)]);
      assert.ok(first && second);
      assert.equal(dropOf(first).cause, 'inference_failed');
      assert.match(dropOf(first).error?.message ?? '', /no such camera/);
      assert.equal(wordOf(second), 2);
      assertBalanced(pool.statistics.frames.counts());
    });

    it('keeps a copy of the logits where asked', async () => {
      const pool = await startPool();
      const [kept, other] = [
        await pool.submit(scriptedFrame(5), { keepLogits: true }),
        await pool.submit(scriptedFrame(6)),
      ];
      assert.deepEqual([...(resultOf(kept).logits ?? [])], [5, 1, 2, 3]);
      assert.equal(resultOf(other).logits, undefined);
    });

    for (const action of ['die', 'exit', 'crash'] as const) {
      it(`drops the frame as worker_died and replaces the worker after ${action}`, async () => {
        const pool = await startPool();
        const drop = dropOf(await pool.submit(scriptedFrame(1, action)));
        assert.equal(drop.cause, 'worker_died');
        assert.equal(drop.error?.code, 'WORKER_DIED');
        assert.equal(pool.workers().serving, 0);
        assert.equal(wordOf(await pool.submit(scriptedFrame(2))), 2);
        assert.deepEqual([pool.workers().serving, pool.workers().deaths], [1, 1]);
        assert.equal(scripted.loads, 2);
      });
    }

    it('abandons a worker that hangs, drops its frame as timed_out, and goes on', async () => {
      const clock = new ManualClock();
      const pool = await startPool({ runTimeoutMs: 150_000, clock });
      const { outcome } = await block(pool, 1);
      clock.advance(149_000);
      await sleep(5);
      assert.equal(pool.statistics.frames.counts().inFlight, 1);
      clock.advance(1000);
      const drop = dropOf(await outcome);
      assert.equal(drop.cause, 'timed_out');
      assert.match(drop.error?.message ?? '', /150000 ms/);
      // The back-off of its replacement.
      clock.advance(100);
      assert.equal(wordOf(await pool.submit(scriptedFrame(2))), 2);
      // Its late answer is nobody's.
      scripted.release();
      assert.equal(wordOf(await pool.submit(scriptedFrame(3))), 3);
      assert.equal(pool.statistics.frames.counts().published, 2);
    });

    it('does not blame a worker for a halt of the main thread', async () => {
      const pool = await startPool({ runTimeoutMs: 500 });
      const outcome = await new Promise<FrameOutcome<number>>((resolve) => {
        // After an immediate, timers are looked at before any message.
        setImmediate(() => {
          pool.submit(scriptedFrame(1, 'work', { serviceMs: 20 })).then(resolve);
          const untilMs = performance.now() + 1500;
          while (performance.now() < untilMs);
        });
      });
      assert.equal(wordOf(outcome), 1);
      // Its time is judged in the turn after.
      await sleep(5);
      assert.equal(pool.workers().deaths, 0);
      assert.equal(wordOf(await pool.submit(scriptedFrame(2))), 2);
    });

    for (const action of ['die', 'exit', 'crash', 'hang'] as const) {
      it(`classifies the frame that lay ready for the worker, once and in its order, after ${action}`, async () => {
        // Of the others none may be slow enough, on a busy machine either.
        const pool = await startPool({ runTimeoutMs: action === 'hang' ? 3000 : 60_000, queueSize: 4 });
        const frames = [scriptedFrame(0), scriptedFrame(1, action, { serviceMs: 20 }), 2, 3, 4].map(
          (frame) => (typeof frame === 'number' ? scriptedFrame(frame) : frame),
        );
        const delivered: (number | string)[] = [];
        const outcomes = frames.map((frame) =>
          pool.submit(frame).then((outcome) => delivered.push(wordOf(outcome))),
        );
        await Promise.all(outcomes);
        assert.deepEqual(delivered, [0, action === 'hang' ? 'timed_out' : 'worker_died', 2, 3, 4]);
        scripted.release();
        await pool.close();
        for (let number = 0; number < 5; number += 1) assert.equal(scripted.runsOf(number), 1);
      });
    }

    it('replaces eight workers that die together without a storm', async () => {
      const pool = await startPool({ threads: 8 });
      const frames = Array.from({ length: 8 }, (_, number) =>
        scriptedFrame(number, 'exit', { serviceMs: 20 }),
      );
      const outcomes = await Promise.all(frames.map((frame) => pool.submit(frame)));
      assert.deepEqual(new Set(outcomes.map(wordOf)), new Set(['worker_died']));
      while (pool.workers().serving < 8) await sleep(10);
      assert.equal(scripted.loads, 16);
    });

    it('drops frames while nobody can be replaced, and serves again when that ends', async () => {
      const pool = await startPool({ queueSize: 10 });
      scripted.failLoads(true);
      const first = pool.submit(scriptedFrame(1, 'exit'));
      const waiting = pool.submit(scriptedFrame(2));
      assert.equal(wordOf(await first), 'worker_died');
      const drop = dropOf(await waiting);
      assert.equal(drop.cause, 'worker_died');
      assert.equal(drop.error?.message, 'The scripted model does not load.');
      assert.equal(pool.workers().isBroken, true);
      assert.equal(wordOf(await pool.submit(scriptedFrame(3))), 'worker_died');
      scripted.failLoads(false);
      while (pool.workers().serving === 0) await sleep(10);
      assert.equal(wordOf(await pool.submit(scriptedFrame(4))), 4);
    });
  });

  describe('when it changes', () => {
    it('resizes under load without losing or repeating a frame', async () => {
      const pool = await startPool({ threads: 1 });
      const frames = Array.from({ length: 600 }, (_, number) =>
        scriptedFrame(number, 'work', { serviceMs: 2 }),
      );
      const outcomes = readAll(pool, frames);
      for (const threads of [8, 4, 1, 3, 16, 2]) {
        await pool.setThreadCount(threads);
        assert.equal(pool.workers().serving, threads);
        await sleep(20);
      }
      assert.deepEqual(
        (await outcomes).map(wordOf),
        frames.map((_, number) => number),
      );
      for (let number = 0; number < frames.length; number += 1) assert.equal(scripted.runsOf(number), 1);
    });

    it('keeps the old number of workers where further ones do not load', async () => {
      const pool = await startPool({ threads: 2 });
      scripted.failLoads(true);
      await assert.rejects(pool.setThreadCount(4), { code: 'BAD_MODEL' });
      assert.deepEqual([pool.workers().serving, pool.workers().targetCount], [2, 2]);
      await pool.setThreadCount(1);
      assert.equal(wordOf(await pool.submit(scriptedFrame(1))), 1);
    });

    it('refuses numbers of workers that it cannot have', async () => {
      const pool = await startPool();
      for (const threads of [0, 17, 1.5, Number.NaN]) {
        await assert.rejects(pool.setThreadCount(threads), {
          code: 'OUT_OF_RANGE',
          message: new RegExp(`${threads}`),
        });
      }
    });

    it('swaps the model: each frame meets one model whole, none is lost', async () => {
      const pool = await startPool({ threads: 2 });
      const outcomes: Promise<FrameOutcome<number>>[] = [];
      let isSwapped = false;
      const next = modelOf(scripted.variant({ offset: 1e6 }));
      const swapping = pool
        .swapModel({ ...next, postprocess: (logits) => (logits[0] ?? 0) + 0.5 })
        .finally(() => {
          isSwapped = true;
        });
      for (let after = 0; after < 50; after += isSwapped ? 1 : 0) {
        await pool.ready();
        outcomes.push(pool.submit(scriptedFrame(outcomes.length, 'work', { serviceMs: 1 })));
      }
      await swapping;
      const values = (await Promise.all(outcomes)).map((outcome) => resultOf(outcome).value);
      const firstNew = values.findIndex((value) => value >= 1e6);
      assert.ok(firstNew > 0);
      assert.deepEqual(
        values,
        values.map((_, number) => (number < firstNew ? number : number + 1e6 + 0.5)),
      );
      const last = resultOf(await pool.submit(scriptedFrame(1)));
      assert.equal(last.generation, 2);
    });

    it('keeps the old model where the new one does not load or does not fit', async () => {
      const pool = await startPool();
      await assert.rejects(pool.swapModel(modelOf(scripted.variant({ widthPx: 32 }))), {
        code: 'BAD_CONFIG',
        message: /16x16 but the model takes 32x16/,
      });
      scripted.failLoads(true);
      await assert.rejects(pool.swapModel(modelOf(scripted.variant({ offset: 5 }))), { code: 'BAD_MODEL' });
      assert.equal(wordOf(await pool.submit(scriptedFrame(1))), 1);
      assert.equal(pool.info?.inputWidthPx, SIDE_PX);
      assert.equal(pool.workers().deaths, 0);
    });

    it('has the worker rank the scores as the options of the frame want it', async () => {
      const ranks: (number | undefined)[] = [];
      const pool = makePool({
        model: {
          ...modelOf(scripted.spec),
          ranking: { k: 2, activation: 'logits', temperature: 1 },
          postprocess: (logits, ranked) => {
            if (ranked !== undefined) assert.deepEqual(ranked, topK(logits, ranked.length, 'logits'));
            ranks.push(ranked?.length);
            return logits[0] ?? Number.NaN;
          },
        },
      });
      await pool.start();
      assert.equal(wordOf(await pool.submit(scriptedFrame(7))), 7);
      pool.setModelOptions({ ranking: { k: 3, activation: 'logits', temperature: 1 } });
      assert.equal(wordOf(await pool.submit(scriptedFrame(8))), 8);
      pool.setModelOptions({ ranking: undefined });
      assert.equal(wordOf(await pool.submit(scriptedFrame(9))), 9);
      assert.deepEqual(ranks, [2, 3, undefined]);
    });

    it('takes other postprocessing for the next frame', async () => {
      const pool = await startPool();
      pool.setModelOptions({ postprocess: () => -1 });
      assert.equal(wordOf(await pool.submit(scriptedFrame(1))), -1);
      const wide = preprocessOptions({ widthPx: 32, heightPx: SIDE_PX, resizeMode: 'stretch' });
      assert.throws(() => pool.setModelOptions({ preprocess: wide }), { code: 'BAD_CONFIG' });
    });
  });

  describe('when it starts and ends', () => {
    it('names every wrong option at once', () => {
      assert.throws(() => makePool({ threads: 0, queueSize: 1.5, runTimeoutMs: -1, maxAgeMs: Number.NaN }), {
        code: 'OUT_OF_RANGE',
        message:
          'Expected an integer from 1 to 16 for threads but received 0. Expected a number from 1 to 2147483647 for runTimeoutMs but received -1. Expected an integer from 1 to 1000 for queueSize but received 1.5. Expected a number from 0 to 2147483647 for maxAgeMs but received NaN.',
      });
    });

    it('changes nothing where one of the changes is wrong', async () => {
      const pool = makePool({ queueSize: 7 });
      assert.throws(() => pool.setOptions({ queueSize: 8, maxAgeMs: -1 }), { code: 'OUT_OF_RANGE' });
      assert.equal(pool.options.queueSize, 7);
    });

    it('fails to start with the reason, leaves nothing behind, and drops what waited', async () => {
      scripted.failLoads(true);
      const pool = makePool({ threads: 4 });
      const early = pool.submit(scriptedFrame(1));
      await assert.rejects(pool.start(), {
        code: 'BAD_MODEL',
        message: 'The scripted model does not load.',
        context: { backend: 'module' },
      });
      assert.equal(wordOf(await early), 'closed');
      assert.equal(scripted.loads, 1);
      await assert.rejects(pool.start(), { code: 'CLOSED' });
    });

    it('is started before it is changed', async () => {
      const pool = makePool();
      await assert.rejects(pool.setThreadCount(2), { code: 'CLOSED', message: /call start first/ });
      await assert.rejects(pool.swapModel(modelOf(scripted.spec)), { code: 'CLOSED' });
    });

    it('refuses a module that does not load', async () => {
      const pool = makePool({ model: modelOf({ kind: 'module', moduleUrl: 'file:///no/such/module.js' }) });
      await assert.rejects(pool.start(), { code: 'BAD_MODEL', message: /^Cannot import the backend file:/ });
    });

    it('refuses a module that makes no backend', async () => {
      const moduleUrl = new URL('../../../src/core/Stamp.js', import.meta.url).href;
      const pool = makePool({ model: modelOf({ kind: 'module', moduleUrl }) });
      await assert.rejects(pool.start(), {
        code: 'BAD_MODEL',
        message: /to export a function createBackend/,
      });
    });

    it('gives up a model that takes too long to load', async () => {
      scripted.hangLoads(true);
      const clock = new ManualClock();
      const pool = makePool({ clock });
      const started = assert.rejects(pool.start(), { code: 'TIMED_OUT', message: /120000 ms/ });
      await until(() => scripted.loads === 1);
      clock.advance(120_000);
      await started;
    });

    it('serves frames that came before it was started', async () => {
      const pool = makePool({ queueSize: 3 });
      const early = [1, 2, 3].map((number) => pool.submit(scriptedFrame(number)));
      await pool.start();
      assert.deepEqual((await Promise.all(early)).map(wordOf), [1, 2, 3]);
    });

    it('ends a wait for capacity or for the last frame by its signal', async () => {
      const pool = await startPool({ queueSize: 1 });
      const { outcome } = await block(pool);
      const waiting = [1, 2].map((number) => pool.submit(scriptedFrame(number)));
      for (const wait of [pool.ready.bind(pool), pool.drain.bind(pool)]) {
        await assert.rejects(wait({ signal: AbortSignal.timeout(5) }), { code: 'CANCELLED' });
        await assert.rejects(wait({ signal: AbortSignal.abort() }), { code: 'CANCELLED' });
      }
      scripted.release();
      await pool.drain({ signal: new AbortController().signal });
      assert.deepEqual((await Promise.all([outcome, ...waiting])).map(wordOf), [1000, 1, 2]);
    });

    it('finishes what waits when it is closed, and takes no more', async () => {
      const pool = await startPool({ queueSize: 10 });
      const outcomes = [1, 2, 3].map((number) =>
        pool.submit(scriptedFrame(number, 'work', { serviceMs: 5 })),
      );
      const closed = pool.close();
      const late = pool.submit(scriptedFrame(4));
      await closed;
      assert.deepEqual((await Promise.all(outcomes)).map(wordOf), [1, 2, 3]);
      assert.equal(wordOf(await late), 'closed');
      await pool.ready();
      await pool.close();
      await assert.rejects(pool.setThreadCount(2), { code: 'CLOSED' });
      await assert.rejects(pool.swapModel(modelOf(scripted.spec)), { code: 'CLOSED' });
    });

    it('finishes what waits however often it is closed', async () => {
      const pool = await startPool({ queueSize: 10 });
      const outcomes = [1, 2, 3].map((number) =>
        pool.submit(scriptedFrame(number, 'work', { serviceMs: 5 })),
      );
      await Promise.all([pool.close(), pool.close(), pool.close()]);
      assert.deepEqual((await Promise.all(outcomes)).map(wordOf), [1, 2, 3]);
    });

    it('drops what waits when it is told not to drain', async () => {
      const pool = await startPool({ queueSize: 10, dropPolicy: 'oldest' });
      const outcomes = [1, 2, 3].map((number) =>
        pool.submit(scriptedFrame(number, 'work', { serviceMs: 20 })),
      );
      await pool.close({ drain: false });
      assert.deepEqual((await Promise.all(outcomes)).map(wordOf), [1, 'closed', 'closed']);
    });

    it('can be closed while it loads: start then rejects', async () => {
      scripted.hangLoads(true);
      const pool = makePool({ threads: 3 });
      const started = assert.rejects(pool.start(), { code: 'CLOSED' });
      const waiting = pool.submit(scriptedFrame(1));
      while (scripted.loads === 0) await sleep(1);
      const closed = pool.close({ drain: false });
      scripted.hangLoads(false);
      await Promise.all([started, closed]);
      assert.equal(wordOf(await waiting), 'closed');
    });

    it('does not wait longer than its limit for a worker that hangs', async () => {
      const pool = await startPool();
      const { outcome: blocker } = await block(pool);
      const waiting = pool.submit(scriptedFrame(1));
      await pool.close({ signal: AbortSignal.timeout(100) });
      assert.equal(wordOf(await blocker), 'closed');
      assert.equal(wordOf(await waiting), 'closed');
    });

    it('can be closed at any moment', async () => {
      for (let delayMs = 0; delayMs < 60; delayMs += 6) {
        const pool = makePool({ threads: 2, queueSize: 4, dropPolicy: 'oldest' });
        const outcomes: Promise<FrameOutcome<number>>[] = [];
        const started = pool.start().then(
          () => 'started',
          (error: unknown) => (error instanceof EffvitError ? error.code : 'other'),
        );
        const feeding = setInterval(() => outcomes.push(pool.submit(scriptedFrame(outcomes.length))), 1);
        await sleep(delayMs);
        await pool.close({ drain: delayMs % 4 === 0 });
        clearInterval(feeding);
        assert.ok(['started', 'CLOSED'].includes(await started));
        await Promise.all(outcomes);
        const counts = pool.statistics.frames.counts();
        assertBalanced(counts);
        assert.equal(counts.received, outcomes.length);
        assert.equal(counts.inFlight, 0);
      }
    });
  });
});
