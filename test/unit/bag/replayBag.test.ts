import assert from 'node:assert/strict';
import type { BagImage } from '../../../src/bag/BagFile.js';
import { type ReplayedFrame, replayBag } from '../../../src/bag/replayBag.js';
import { Classifier } from '../../../src/classify/Classifier.js';
import type { ClassifierOptions } from '../../../src/classify/classifierOptions.js';
import type { ModuleBackendSpec } from '../../../src/inference/BackendSpec.js';
import { defaultManifest } from '../../../src/model/defaultManifest.js';
import { type ServiceModel, VirtualClock } from '../../../src/pool/VirtualClock.js';
import { assertBalanced } from '../../../src/stats/FrameAccounting.js';
import { type Action, ScriptedModel, SIDE_PX, scriptedFrame } from '../../helpers/scriptedBackend.js';

const FRAMES = 60;

describe('replayBag', () => {
  const scripted = new ScriptedModel();
  const batched = new ScriptedModel({ batchSizes: [1, 4] });
  let classifier: Classifier | undefined;

  afterEach(async () => {
    await classifier?.close({ drain: false });
    classifier = undefined;
  });

  async function start(
    options: Partial<ClassifierOptions>,
    {
      sourceCount = 1,
      clock,
      spec = scripted.spec,
    }: { sourceCount?: number; clock?: VirtualClock; spec?: ModuleBackendSpec } = {},
  ): Promise<Classifier> {
    const manifest = defaultManifest('/x/scripted.onnx');
    const model = {
      manifest: {
        ...manifest,
        labels: { kind: 'none' },
        input: { ...manifest.input, widthPx: SIDE_PX, heightPx: SIDE_PX },
        preprocess: { ...manifest.preprocess, resizeMode: 'stretch' },
      },
      backend: spec,
    } as const;
    classifier = await Classifier.start(model, {
      threads: 1,
      sourceCount,
      ...(clock !== undefined && { clock }),
      ...options,
    });
    return classifier;
  }

  /** Frames a millisecond apart, each of which takes two. */
  async function* recording(sources = ['/camera']): AsyncGenerator<BagImage> {
    for (let index = 0; index < FRAMES; index++) {
      const source = sources[index % sources.length] ?? '';
      const frame = scriptedFrame(index, 'work', { serviceMs: 2, source });
      yield { kind: 'image', logTimeNs: BigInt(index) * 1_000_000n, frame };
    }
  }

  async function replay(running: Classifier, rate: number | 'max', signal = new AbortController().signal) {
    const seen: ReplayedFrame[] = [];
    const images = recording();
    await replayBag({
      images,
      classifier: running,
      rate,
      signal,
      onFrame: (frame) => void seen.push(frame),
    });
    return seen;
  }

  for (const rate of [1, 'max'] as const) {
    it(`loses nothing with the policy block at the rate ${rate}`, async () => {
      const running = await start({ dropPolicy: 'block', queueSize: 1 });
      const seen = await replay(running, rate);
      assert.equal(running.pool.statistics.frames.counts().published, FRAMES);
      assert.deepEqual(
        seen.map(({ sequence }) => sequence),
        Array.from({ length: FRAMES }, (_, index) => index),
      );
    });
  }

  it('drops at a given rate as the node does, and reports each frame once', async () => {
    const running = await start({ dropPolicy: 'oldest' });
    const seen = await replay(running, 1);
    const counts = running.pool.statistics.frames.counts();
    assertBalanced(counts);
    assert.ok(counts.dropped.queue_full > 0);
    assert.equal(counts.published + counts.dropped.queue_full, FRAMES);
    assert.equal(new Set(seen.map(({ sequence }) => sequence)).size, FRAMES);
  });

  it('ends while it waits for capacity', async () => {
    const running = await start({ dropPolicy: 'block', queueSize: 1 });
    const controller = new AbortController();
    const replaying = replay(running, 'max', controller.signal);
    setTimeout(() => controller.abort(), 10);
    const seen = await replaying;
    assert.ok(seen.length < FRAMES, `${seen.length} frames`);
    assert.equal(running.pool.statistics.frames.counts().inFlight, 0);
  });

  describe('under a virtual clock', () => {
    const MODEL: ServiceModel = { cores: 1, serviceMs: 2.5, hostMs: 0.5, jitter: 0.2, seed: 1 };

    /** Frames a millisecond apart whose real service times have nothing to do with the virtual ones. */
    async function* unsteady(sources: readonly string[], actionOf: (index: number) => Action) {
      for (let index = 0; index < FRAMES; index++) {
        const source = sources[index % sources.length] ?? '';
        const serviceMs = Math.floor(Math.random() * 6);
        const frame = scriptedFrame(index, actionOf(index), { serviceMs, source });
        yield { kind: 'image', logTimeNs: BigInt(index) * 1_000_000n, frame } as const;
      }
    }

    interface Run {
      readonly model?: Partial<ServiceModel>;
      readonly options?: Partial<ClassifierOptions>;
      readonly spec?: ModuleBackendSpec;
      readonly sources?: readonly string[];
      readonly actionOf?: (index: number) => Action;
    }

    async function run({ model, options, spec, sources = ['/camera'], actionOf = () => 'work' }: Run = {}) {
      const clock = new VirtualClock({ ...MODEL, ...model });
      const running = await start(
        { dropPolicy: 'oldest', ...options },
        { sourceCount: sources.length, clock, ...(spec !== undefined && { spec }) },
      );
      const seen: ReplayedFrame[] = [];
      const { elapsedNs } = await replayBag({
        images: unsteady(sources, actionOf),
        classifier: running,
        rate: 1,
        clock,
        signal: new AbortController().signal,
        onFrame: (frame) => void seen.push(frame),
      });
      const counts = running.pool.statistics.frames.counts();
      assertBalanced(counts);
      assert.equal(new Set(seen.map(({ sequence }) => sequence)).size, FRAMES);
      await running.close();
      return { seen, counts, elapsedNs, stages: running.pool.statistics.stages.summary() };
    }

    for (const threads of [1, 3]) {
      it(`gives the same outcomes and times under one seed, and others under another: ${threads} threads`, async () => {
        const sources = ['/left', '/right'];
        const options = { threads, queueSize: 3 };
        const first = await run({ sources, options });
        assert.ok(first.counts.dropped.queue_full > 0 && first.counts.published > 10);
        assert.deepEqual(await run({ sources, options }), first);
        assert.notDeepEqual(await run({ sources, options, model: { seed: 2 } }), first);
      });
    }

    it('gives the same outcomes on a model that is compiled for batches', async () => {
      const given = {
        spec: batched.spec,
        options: { threads: 2, maxBatch: 1 },
        sources: ['/left', '/right'],
      };
      const first = await run(given);
      assert.ok(first.counts.published > 10);
      assert.deepEqual(await run(given), first);
    });

    it('times frames as the service model says: a queue with one server', async () => {
      const { seen, counts, elapsedNs } = await run({ model: { serviceMs: 3, hostMs: 1, jitter: 0 } });
      // Each frame is served for 4 ms. The first ends at 4 ms, when frame 3 is the newest that waits. From then on the
      // end is known, and the newest frame of 3 ms before it is handed over ahead.
      const published = seen.filter(({ outcome }) => outcome.kind === 'result');
      assert.deepEqual(published.map(({ sequence }) => sequence).slice(0, 6), [0, 3, 4, 8, 12, 16]);
      assert.equal(counts.published + counts.dropped.queue_full, FRAMES);
      for (const { outcome } of published) {
        if (outcome.kind !== 'result') continue;
        assert.equal(outcome.timings.inferenceNs, 4e6);
        assert.equal(outcome.timings.totalNs, 4e6 + outcome.timings.queueWaitNs);
      }
      assert.equal(elapsedNs, 4e6 * published.length);
    });

    it('loses nothing with the policy block', async () => {
      const { seen, counts, elapsedNs } = await run({
        options: { dropPolicy: 'block', queueSize: 1 },
        model: { jitter: 0 },
      });
      assert.equal(counts.published, FRAMES);
      assert.deepEqual(
        seen.map(({ sequence }) => sequence),
        Array.from({ length: FRAMES }, (_, index) => index),
      );
      assert.equal(elapsedNs, 3e6 * FRAMES);
    });

    it('gives two cameras the same places and turns', async () => {
      const { seen } = await run({ sources: ['/left', '/right'], model: { jitter: 0 } });
      const published = (source: string): number =>
        seen.filter(({ outcome }) => outcome.kind === 'result' && outcome.header.source === source).length;
      assert.ok(Math.abs(published('/left') - published('/right')) <= 1);
    });

    it('limits rates and ages by its time', async () => {
      const { counts } = await run({
        options: { maxFps: 100 },
        model: { serviceMs: 1, hostMs: 0, jitter: 0 },
      });
      assert.deepEqual([counts.published, counts.dropped.rate_limited], [FRAMES / 10, FRAMES - FRAMES / 10]);
    });

    it('goes on after a worker that died, and after one that hangs', async () => {
      const faults = new Map<number, Action>([
        [10, 'exit'],
        [30, 'throw'],
        [50, 'hang'],
      ]);
      const { counts } = await run({
        options: { dropPolicy: 'block', inferenceTimeoutMs: 300 },
        actionOf: (index) => faults.get(index) ?? 'work',
      });
      scripted.release();
      assert.deepEqual(
        [counts.dropped.worker_died, counts.dropped.inference_failed, counts.dropped.timed_out],
        [1, 1, 1],
      );
      assert.equal(counts.published, FRAMES - 3);
    });
  });
});
