import assert from 'node:assert/strict';
import type { CompressedImageFrame } from '../../../src/image/ImageFrame.js';
import { loadSharp } from '../../../src/image/loadSharp.js';
import type { RegionBox } from '../../../src/image/PictureRegion.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { InferencePool } from '../../../src/pool/InferencePool.js';
import type { RegionOutcome, RegionsOutcome } from '../../../src/pool/RegionOutcome.js';
import { MAX_REGIONS } from '../../../src/pool/RegionRecord.js';
import { assertBalanced } from '../../../src/stats/FrameAccounting.js';
import {
  type Action,
  ScriptedModel,
  SIDE_PX,
  scriptedFrame,
  tiledFrame,
  tileRegion,
} from '../../helpers/scriptedBackend.js';

const PREPROCESS = preprocessOptions({ widthPx: SIDE_PX, heightPx: SIDE_PX, resizeMode: 'stretch' });

function told(regions: readonly RegionOutcome<number>[]): (number | string)[] {
  return regions.map((region) => (region.kind === 'classified' ? region.value : region.cause));
}

function regionsOf(outcome: RegionsOutcome<number>): (number | string)[] {
  return outcome.kind === 'regions' ? told(outcome.regions) : [`dropped: ${outcome.cause}`];
}

describe('regions of a frame in the pool', () => {
  let scripted: ScriptedModel;
  let pool: InferencePool<number>;

  afterEach(async () => {
    scripted.release();
    await pool.close({ drain: false });
  });

  async function start(
    options: Partial<ConstructorParameters<typeof InferencePool<number>>[0]> = {},
    largestBatch = 1,
  ): Promise<void> {
    scripted = new ScriptedModel(largestBatch > 1 ? { batchSizes: [1, largestBatch] } : {});
    const postprocess = (logits: Float32Array) => logits[0] ?? Number.NaN;
    pool = new InferencePool({
      model: { backend: scripted.spec, preprocess: PREPROCESS, postprocess },
      threads: 2,
      ...options,
    });
    await pool.start();
  }

  /** A frame with a tile for each action, and boxes of all of them. */
  function submit(
    actions: readonly Action[],
    {
      from = 0,
      source = '/camera',
      serviceMs = 0,
      boxes = actions.map((_, index) => tileRegion(index)),
    } = {},
  ): Promise<RegionsOutcome<number>> {
    const frame = tiledFrame(
      actions.map((action, index) => ({ number: from + index, action, serviceMs })),
      { source },
    );
    return pool.submitRegions(frame, boxes);
  }

  const works = (count: number): Action[] => Array.from({ length: count }, () => 'work');
  const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index);

  for (const largestBatch of [1, 4]) {
    it(`gives twenty results of one frame, by ${largestBatch}, spread over four workers`, async () => {
      await start({ threads: 4 }, largestBatch);
      const outcome = await submit(works(20), { serviceMs: 1 });
      assert.deepEqual(regionsOf(outcome), numbers(20));
      assert.equal(pool.statistics.frames.counts().received, 1);
      assert.equal(pool.statistics.frames.counts().published, 1);
      assert.deepEqual(pool.statistics.regions.counts().classified, 20);
      // 20 on four workers are five each: a task of four and one of one, or five tasks.
      assert.equal(pool.statistics.meanBatchSize, largestBatch === 1 ? 1 : 20 / 8);
      const { timings } = outcome as Extract<typeof outcome, { kind: 'regions' }>;
      const { totalNs, delayNs: _, ...stages } = timings;
      const stagedNs = Object.values(stages).reduce((sum, ns) => sum + ns, 0);
      assert.ok(Math.abs(stagedNs - totalNs) < 1, `${stagedNs} of ${totalNs}`);
      assert.ok(timings.inferenceNs > 0 && timings.preprocessNs > 0);
    });
  }

  it('keeps the order of the boxes, not that of their places', async () => {
    await start({ threads: 3 });
    const places = [4, 0, 3, 1, 2];
    const boxes = places.map(tileRegion);
    assert.deepEqual(regionsOf(await submit(works(5), { boxes })), places);
  });

  it('has UNKNOWN for a box that is none, and the others all the same', async () => {
    await start();
    const box = (change: Partial<RegionBox>): RegionBox => ({ ...tileRegion(0), ...change });
    const boxes = [
      tileRegion(1),
      box({ leftPx: Number.NaN }),
      box({ widthPx: 0 }),
      box({ leftPx: 500 }),
      tileRegion(0),
      box({ heightPx: Number.POSITIVE_INFINITY }),
    ];
    const expected = [1, 'invalid', 'empty', 'outside', 0, 'invalid'];
    assert.deepEqual(regionsOf(await submit(works(2), { boxes })), expected);
    const none = boxes.slice(1, 4);
    assert.deepEqual(regionsOf(await submit(works(2), { boxes: none })), ['invalid', 'empty', 'outside']);
    const counts = pool.statistics.regions.counts();
    assert.deepEqual(
      [
        counts.received,
        counts.classified,
        counts.unknown.invalid,
        counts.unknown.empty,
        counts.unknown.outside,
      ],
      [9, 2, 3, 2, 2],
    );
  });

  it('judges the regions of a frame together, with their tracks, in the order of the frames', async () => {
    const judged: (readonly [track: string, value: number | string, logit: number | undefined])[][] = [];
    await start();
    pool.setModelOptions({
      judgeRegions: (regions, { header }) => {
        assert.equal(header.source, '/camera');
        judged.push(
          regions.map(({ outcome, logits, track }) => [track, told([outcome])[0] ?? '', logits?.[0]]),
        );
        return regions.map(({ outcome }) =>
          outcome.kind === 'classified' ? { ...outcome, smoothed: -outcome.value } : outcome,
        );
      },
    });
    const frame = (from: number, serviceMs: number) =>
      pool.submitRegions(
        tiledFrame([0, 1, 2].map((index) => ({ number: from + index, serviceMs }))),
        [0, 1, 2].map(tileRegion),
        { places: [0, 2], tracks: ['a', 'b'] },
      );
    const outcomes = await Promise.all([frame(10, 30), frame(20, 0)]);
    assert.deepEqual(judged, [
      [
        ['a', 10, 10],
        ['b', 'over_limit', undefined],
        ['', 12, 12],
      ],
      [
        ['a', 20, 20],
        ['b', 'over_limit', undefined],
        ['', 22, 22],
      ],
    ]);
    assert.deepEqual(
      outcomes.map(
        (outcome) => outcome.kind === 'regions' && outcome.regions.map(({ smoothed }) => smoothed),
      ),
      [
        [-10, undefined, -12],
        [-20, undefined, -22],
      ],
    );
    const counts = pool.statistics.regions.counts();
    assert.deepEqual([counts.received, counts.classified, counts.unknown.over_limit], [6, 4, 2]);
    pool.setModelOptions({
      judgeRegions: () => {
        throw new Error('it broke');
      },
    });
    const broken = await frame(30, 0);
    assert.equal(broken.kind === 'dropped' && broken.cause, 'inference_failed');
  });

  it('gives a result of no regions for no boxes, in its turn', async () => {
    await start({ threads: 2 });
    const order: string[] = [];
    const slow = pool.submit(scriptedFrame(7, 'work', { serviceMs: 40 })).then(() => order.push('slow'));
    const empty = pool.submitRegions(tiledFrame([{ number: 1 }]), []).then((outcome) => {
      order.push('empty');
      return outcome;
    });
    assert.deepEqual(regionsOf(await empty), []);
    await slow;
    assert.deepEqual(order, ['slow', 'empty']);
    assert.equal(pool.statistics.frames.counts().published, 2);
  });

  it('clips boxes to the roi', async () => {
    await start();
    pool.setModelOptions({
      preprocess: preprocessOptions({
        ...PREPROCESS,
        roi: { left: SIDE_PX, top: 0, width: 2 * SIDE_PX, height: SIDE_PX, isFraction: false },
      }),
    });
    assert.deepEqual(regionsOf(await submit(works(4))), ['outside', 1, 2, 'outside']);
  });

  for (const largestBatch of [1, 4]) {
    it(`a region that fails costs itself, by ${largestBatch}`, async () => {
      await start({ threads: 1 }, largestBatch);
      const outcome = await submit(['work', 'throw', 'work', 'nan', 'work', 'work']);
      assert.deepEqual(regionsOf(outcome), [0, 'inference_failed', 2, 'inference_failed', 4, 5]);
      assert.ok(outcome.kind === 'regions');
      const failed = outcome.regions[1];
      assert.match(
        failed?.kind === 'unknown' ? (failed.error?.message ?? '') : '',
        /scripted (run|task) fails/,
      );
      assert.deepEqual(regionsOf(await submit(['throw', 'throw'])), ['inference_failed', 'inference_failed']);
      assert.deepEqual(regionsOf(await submit(works(3), { from: 10 })), [10, 11, 12]);
    });
  }

  for (const [action, cause] of [
    ['die', 'worker_died'],
    ['exit', 'worker_died'],
    ['hang', 'timed_out'],
  ] as const) {
    it(`what a worker had done when it ended (${action}) is kept`, async () => {
      await start({ threads: 1, runTimeoutMs: 1000 });
      const outcome = await submit(['work', 'work', action, 'work']);
      assert.deepEqual(regionsOf(outcome), [0, 1, cause, cause]);
      scripted.release();
      assert.deepEqual(regionsOf(await submit(works(2), { from: 20 })), [20, 21]);
      assertBalanced(pool.statistics.frames.counts());
      assert.equal(pool.statistics.frames.counts().published, 2);
    });
  }

  it('drops the frame where the worker ended before any of its regions', async () => {
    await start({ threads: 1 });
    assert.deepEqual(regionsOf(await submit(['exit', 'work'])), ['dropped: worker_died']);
    assert.equal(pool.statistics.regions.counts().received, 0);
    assert.equal(pool.statistics.frames.counts().dropped.worker_died, 1);
  });

  it('a worker that ends costs its own share of the regions', async () => {
    await start({ threads: 2 });
    // Shares by height: tiles side by side keep their order.
    const outcome = await submit(['work', 'work', 'exit', 'work']);
    assert.deepEqual(regionsOf(outcome), [0, 1, 'worker_died', 'worker_died']);
  });

  it('does not take a frame of many regions for a hung worker', async () => {
    await start({ threads: 1, runTimeoutMs: 1200 });
    const outcome = await submit(works(12), { serviceMs: 200 });
    assert.deepEqual(regionsOf(outcome), numbers(12));
  });

  it('keeps the order of a camera with frames that have no regions', async () => {
    await start({ threads: 3, dropPolicy: 'block', queueSize: 50 });
    const order: number[] = [];
    const all: Promise<unknown>[] = [];
    for (let index = 0; index < 30; index++) {
      const isPlain = index % 3 === 0;
      const outcome = isPlain
        ? pool.submit(scriptedFrame(index, 'work', { serviceMs: index % 5 }))
        : submit(works(index % 4), { serviceMs: index % 7, from: 100 + 10 * index });
      all.push(outcome.then(() => order.push(index)));
    }
    await Promise.all(all);
    assert.deepEqual(order, numbers(30));
  });

  it('takes regions of compressed pictures, whose size nobody knows before', async () => {
    await start();
    const colours = [0, 90, 180].map((level) => ({ r: level, g: level, b: level }));
    const layers = colours.map((background, index) => ({
      input: { create: { width: 40, height: 30, channels: 3 as const, background } },
      left: 40 * index,
      top: 0,
    }));
    const data = await loadSharp()({
      create: { width: 120, height: 30, channels: 3, background: 'black' },
    })
      .composite(layers)
      .png()
      .toBuffer();
    const frame: CompressedImageFrame = { ...scriptedFrame(0), kind: 'compressed', format: 'png', data };
    // The first byte of the NV12 is the action and the number's bytes are the luma: 0 works, and gives its number.
    const outcome = await pool.submitRegions(frame, [
      { leftPx: 0, topPx: 0, widthPx: 40, heightPx: 30 },
      { leftPx: 120, topPx: 0, widthPx: 40, heightPx: 30 },
    ]);
    assert.deepEqual(regionsOf(outcome), [0, 'outside']);
    assert.ok(outcome.kind === 'regions');
    assert.deepEqual([outcome.widthPx, outcome.heightPx], [120, 30]);
    assert.ok(outcome.timings.decodeNs > 0);
    const broken = await pool.submitRegions({ ...frame, data: data.subarray(0, 40) }, [tileRegion(0)]);
    assert.deepEqual(regionsOf(broken), ['dropped: bad_image']);
  });

  it('goes to a new number of workers and another model with regions on their way', async () => {
    await start({ threads: 2, dropPolicy: 'block', queueSize: 20 });
    const frames = Array.from({ length: 12 }, (_, index) =>
      submit(works(5), { from: 10 * index, serviceMs: 3 }),
    );
    await pool.setThreadCount(4);
    await pool.setThreadCount(1);
    const outcomes = await Promise.all(frames);
    assert.deepEqual(
      outcomes.map(regionsOf),
      outcomes.map((_, index) => numbers(5, 10 * index)),
    );
  });

  it('refuses more than it has room for, and frames that cannot be read', async () => {
    await start();
    const boxes = Array.from({ length: MAX_REGIONS + 1 }, () => tileRegion(0));
    assert.throws(() => pool.submitRegions(tiledFrame([{ number: 1 }]), boxes), { code: 'OUT_OF_RANGE' });
    const many = await pool.submitRegions(tiledFrame([{ number: 3 }]), boxes.slice(1));
    assert.deepEqual(
      regionsOf(many),
      boxes.slice(1).map(() => 3),
    );
    const wrong = await pool.submitRegions({ ...scriptedFrame(0), widthPx: 0 }, [tileRegion(0)]);
    assert.deepEqual(regionsOf(wrong), ['dropped: bad_image']);
  });
});
