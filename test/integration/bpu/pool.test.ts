import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { RawImageFrame } from '../../../src/image/ImageFrame.js';
import { preprocessOptions, RESIZE_ON } from '../../../src/image/PreprocessOptions.js';
import type { BpuBackendSpec } from '../../../src/inference/BackendSpec.js';
import { loadManifest } from '../../../src/model/loadManifest.js';
import type { FrameOutcome, FrameResult } from '../../../src/pool/FrameOutcome.js';
import { InferencePool } from '../../../src/pool/InferencePool.js';
import type { InferencePoolOptions } from '../../../src/pool/PoolOptions.js';
import { topK } from '../../../src/pool/topK.js';
import { assertBalanced, DROP_CAUSES, type DropCause } from '../../../src/stats/FrameAccounting.js';
import { BpuRig } from '../../helpers/BpuRig.js';
import { COLOURS, writeColourModel } from '../../helpers/colourModel.js';
import { fakeLogits } from '../../helpers/fakeLibdnn.js';
import { fillRandom, rawFrame } from '../../helpers/rawFrames.js';

const PREPROCESS = preprocessOptions({ widthPx: 224, heightPx: 224, resizeMode: 'crop' });
const SHAPES = [
  { encoding: 'nv12', widthPx: 320, heightPx: 240 },
  { encoding: 'mono8', widthPx: 64, heightPx: 48 },
  { encoding: 'nv12', widthPx: 256, heightPx: 256, paddingBytes: 4 },
  { encoding: 'nv12', widthPx: 480, heightPx: 300 },
  { encoding: 'nv12', widthPx: 65, heightPx: 49 },
  { encoding: 'nv12', widthPx: 224, heightPx: 224 },
] as const;

function pictures(count: number): RawImageFrame[] {
  return Array.from({ length: count }, (_, index) =>
    rawFrame({ encoding: 'rgb8', widthPx: 320, heightPx: 240 }, (data) => fillRandom(data, index)),
  );
}

function resultOf<Value>(outcome: FrameOutcome<Value> | undefined): FrameResult<Value> {
  assert.equal(outcome?.kind, 'result', JSON.stringify(outcome));
  return outcome as FrameResult<Value>;
}

describe('the pool on the BPU', () => {
  const bpu = new BpuRig();
  let pools: InferencePool<Float32Array>[];

  beforeEach(() => {
    pools = [];
  });

  afterEach(async () => {
    bpu.fake.unhang();
    await Promise.all(pools.map((pool) => pool.close({ drain: false })));
  });

  const bpuSpec = (): BpuBackendSpec => bpu.specOf({ timeoutMs: 700 });

  async function startPool(
    backend: InferencePoolOptions<Float32Array>['model']['backend'],
    options: Partial<InferencePoolOptions<Float32Array>> = {},
  ): Promise<InferencePool<Float32Array>> {
    const pool = new InferencePool<Float32Array>({
      model: { backend, preprocess: PREPROCESS, postprocess: (logits) => logits.slice() },
      dropPolicy: 'block',
      ...options,
    });
    pools.push(pool);
    await pool.start();
    return pool;
  }

  async function classifyAll(pool: InferencePool<Float32Array>, frames: readonly RawImageFrame[]) {
    const outcomes: Promise<FrameOutcome<Float32Array>>[] = [];
    for (const frame of frames) {
      await pool.ready();
      outcomes.push(pool.submit(frame, { keepNv12: true }));
    }
    return await Promise.all(outcomes);
  }

  it('serves from 1, 4, 8 and 16 threads over one handle, through resizes, and gives everything back', async () => {
    const pool = await startPool(bpuSpec(), { threads: 1 });
    for (const threads of [1, 4, 8, 16, 2]) {
      await pool.setThreadCount(threads);
      assert.equal(bpu.fake.held().handles, 1);
      for (const outcome of await classifyAll(pool, pictures(12))) {
        const { value, nv12 } = resultOf(outcome);
        assert.ok(nv12 !== undefined);
        assert.deepEqual(value, fakeLogits(nv12));
      }
    }
    await pool.close();
    bpu.assertClean();
  });

  it('hands the BPU the very bytes that the CPU gets, and gives the same classes for the same logits', async () => {
    const folder = await writeColourModel(bpu.path('colours'));
    const { input } = await loadManifest(folder);
    const modelPath = bpu.path('colours', 'colours.onnx');
    const cpu = await startPool({ kind: 'onnx', modelPath, input, yuvRange: 'full' }, { threads: 2 });
    const frames = pictures(10);
    const onCpu = (await classifyAll(cpu, frames)).map(resultOf);
    await cpu.close();
    bpu.fake.set({ classes: COLOURS.length });
    for (const settings of [{}, { input_type: 2, row_stride: 256 }]) {
      bpu.fake.set(settings);
      for (const { nv12, value } of onCpu) if (nv12 !== undefined) bpu.fake.answer(nv12, value);
      // The warm-up frame is none of them.
      const pool = await startPool(bpuSpec(), { threads: 3 });
      const onBpu = (await classifyAll(pool, frames)).map(resultOf);
      await pool.close();
      for (const [index, { nv12, value }] of onBpu.entries()) {
        assert.deepEqual(nv12, onCpu[index]?.nv12);
        assert.deepEqual(
          topK(value, 3, 'logits'),
          topK(onCpu[index]?.value ?? new Float32Array(3), 3, 'logits'),
        );
      }
    }
    assert.equal(
      bpu.fake.get('unknown_frames'),
      2 * 3,
      'only the workers’ first, grey frames were not known',
    );
    assert.equal(bpu.fake.violations(), '');
  });

  it('fails a frame alone where the runtime fails one', async () => {
    const pool = await startPool(bpuSpec(), { threads: 1 });
    bpu.fake.fail('hbDNNWaitTaskDone', -6000012);
    const [failed, next] = await classifyAll(pool, pictures(2));
    assert.ok(failed?.kind === 'dropped');
    assert.equal(failed.cause, 'inference_failed');
    assert.match(failed.error?.message ?? '', /-6000012 \(the task failed on the BPU\)/);
    resultOf(next);
    assert.equal(pool.workers().deaths, 0);
    await pool.close();
    bpu.assertClean();
  });

  it('counts a frame whose task hangs as timed out, and replaces the worker', async () => {
    const pool = await startPool(bpuSpec(), { threads: 1, runTimeoutMs: 300 });
    bpu.fake.set({ hang: 1 });
    const hung = await pool.submit(pictures(1)[0] as RawImageFrame);
    assert.ok(hung.kind === 'dropped');
    assert.equal(hung.cause, 'timed_out');
    for (const outcome of await classifyAll(pool, pictures(3))) resultOf(outcome);
    assert.equal(pool.workers().deaths, 1);
    bpu.fake.unhang();
    await pool.close();
    // The thread that was given up is on its own, and on a loaded machine it may come back after the pool is closed.
    for (let tries = 0; tries < 1200 && bpu.fake.held().memory > 0; tries++) await sleep(50);
    bpu.assertClean();
  });

  it('says why a model does not load, and can be started again', async () => {
    bpu.fake.fail('hbDNNInitializeFromFiles', -6000016);
    await assert.rejects(
      startPool(bpuSpec(), { threads: 4 }),
      /-6000016 \(used from more than one process\)/,
    );
    bpu.assertClean();
    const pool = await startPool(bpuSpec(), { threads: 4 });
    for (const outcome of await classifyAll(pool, pictures(4))) resultOf(outcome);
  });

  describe('with tasks of several pictures', () => {
    const MODELS = [
      { batch: 1, name: 'EfficientViT_m5_224x224_nv12_inner' },
      { batch: 4, name: 'another_model' },
    ];
    const PACKED = { name_count: 2, batch0: 1, batch1: 4, service_us: 3000 };

    it('computes together what is ready, each picture from its own tensor', async () => {
      bpu.fake.set(PACKED);
      const pool = await startPool({ ...bpuSpec(), models: MODELS }, { threads: 2, queueSize: 16 });
      assert.deepEqual(pool.info?.batchSizes, [1, 4]);
      const outcomes = (await classifyAll(pool, pictures(64))).map(resultOf);
      for (const { value, nv12 } of outcomes) assert.deepEqual(value, fakeLogits(nv12 ?? new Uint8Array(0)));
      assert.ok(pool.statistics.meanBatchSize > 2, `${pool.statistics.meanBatchSize}`);
      assert.equal(bpu.fake.get('last_batch') >= 1, true);
      await pool.close();
      bpu.assertClean();
    });

    it('fails no frame of a task that the runtime fails once: each is tried alone', async () => {
      bpu.fake.set(PACKED);
      const pool = await startPool(
        { ...bpuSpec(), models: MODELS },
        { threads: 1, queueSize: 16, batchWaitMs: 500 },
      );
      bpu.fake.fail('hbDNNWaitTaskDone', -6000012);
      const outcomes = (await classifyAll(pool, pictures(4))).map(resultOf);
      assert.deepEqual(
        outcomes.map(({ batchSize }) => batchSize),
        [1, 1, 1, 1],
      );
      for (const { value, nv12 } of outcomes) assert.deepEqual(value, fakeLogits(nv12 ?? new Uint8Array(0)));
      assert.equal(bpu.fake.violations(), '');
    });

    const kinds = [
      ['pictures that come resized', {}],
      ['regions that the chip cuts out and scales', { resizer: 1 }],
    ] as const;
    for (const [name, settings] of kinds) {
      it(`accounts for every frame under random cameras, failures, hangs and changes, with ${name}`, async function () {
        this.timeout(300_000);
        const step = fc.oneof(
          {
            weight: 5,
            arbitrary: fc.record({
              kind: fc.constant('frames' as const),
              count: fc.integer({ min: 1, max: 12 }),
              camera: fc.constantFrom('/left', '/right', '/rear'),
            }),
          },
          {
            weight: 2,
            arbitrary: fc.record({
              kind: fc.constant('fail' as const),
              call: fc.constantFrom('hbDNNInfer', 'hbDNNWaitTaskDone', 'hbSysFlushMem', 'hbDNNReleaseTask'),
              code: fc.constantFrom(-6000007, -6000012, -6000010),
              skip: fc.integer({ min: 0, max: 3 }),
            }),
          },
          { weight: 1, arbitrary: fc.record({ kind: fc.constant('hang' as const) }) },
          {
            weight: 2,
            arbitrary: fc.record({
              kind: fc.constant('options' as const),
              maxBatch: fc.integer({ min: 0, max: 4 }),
              batchWaitMs: fc.constantFrom(0, 0, 5),
              dropPolicy: fc.constantFrom('oldest' as const, 'newest' as const, 'block' as const),
            }),
          },
          {
            weight: 1,
            arbitrary: fc.record({
              kind: fc.constant('threads' as const),
              threads: fc.integer({ min: 1, max: 4 }),
            }),
          },
          { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const) }) },
          {
            weight: 1,
            arbitrary: fc.record({
              kind: fc.constant('resizer' as const),
              resizeOn: fc.constantFrom(...RESIZE_ON),
            }),
          },
        );
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 25 }), async (steps) => {
            bpu.fake.reset();
            bpu.fake.set({ ...PACKED, ...settings });
            const pool = await startPool(
              { ...bpuSpec(), models: MODELS, timeoutMs: 600 },
              { threads: 2, queueSize: 6, runTimeoutMs: 300, dropPolicy: 'oldest' },
            );
            const delivered = new Map<string, number[]>();
            const observed: Promise<'result' | DropCause>[] = [];
            const submit = async (camera: string): Promise<'result' | DropCause> => {
              const number = observed.length;
              // Sizes change, so that the device's memory does; odd ones and other encodings are the CPU's.
              const { encoding, ...size } = SHAPES[(number * 7) % SHAPES.length] ?? SHAPES[0];
              const picture = rawFrame({ encoding, ...size }, (data) => fillRandom(data, 2 * number + 1));
              const outcome = await pool.submit({ ...picture, source: camera }, { keepNv12: true });
              if (outcome.kind === 'dropped') return outcome.cause;
              assert.deepEqual(outcome.value, fakeLogits(outcome.nv12 ?? new Uint8Array(0)));
              delivered.set(camera, [...(delivered.get(camera) ?? []), number]);
              return 'result';
            };
            // A task hangs until the pool has given its worker up, and ends before that worker's thread leaves it behind.
            const unhanging = setInterval(() => bpu.fake.unhang(), 700);
            for (const each of steps) {
              if (each.kind === 'frames') {
                for (let index = 0; index < each.count; index++) {
                  const outcome = submit(each.camera);
                  outcome.catch(() => undefined);
                  observed.push(outcome);
                }
              } else if (each.kind === 'fail') {
                bpu.fake.fail(each.call, each.code, each.skip);
              } else if (each.kind === 'hang') {
                bpu.fake.set({ hang: 1 });
              } else if (each.kind === 'options') {
                pool.setOptions(each);
              } else if (each.kind === 'resizer') {
                pool.setModelOptions({ preprocess: preprocessOptions({ resizeOn: each.resizeOn }) });
              } else if (each.kind === 'threads') {
                // New workers may be refused by what was told to fail; the old ones serve on.
                await pool.setThreadCount(each.threads).catch(() => undefined);
              } else {
                await sleep(10);
              }
              assertBalanced(pool.statistics.frames.counts());
            }
            await pool.drain();
            const words = await Promise.all(observed);
            const counts = pool.statistics.frames.counts();
            assert.deepEqual([counts.received, counts.inFlight], [words.length, 0]);
            assert.equal(counts.published, words.filter((word) => word === 'result').length);
            for (const cause of DROP_CAUSES) {
              assert.equal(counts.dropped[cause], words.filter((word) => word === cause).length, cause);
            }
            for (const numbers of delivered.values()) {
              assert.deepEqual(
                numbers,
                numbers.toSorted((a, b) => a - b),
              );
            }
            bpu.fake.failNothing();
            await pool.close();
            // Threads that were abandoned come back on their own.
            const held = (): number =>
              bpu.fake.held().tasks + bpu.fake.held().handles + bpu.fake.held().memory;
            for (let tries = 0; tries < 1200 && held() > 0; tries++) await sleep(50);
            clearInterval(unhanging);
            bpu.assertClean();
          }),
          { numRuns: 12, interruptAfterTimeLimit: 60_000, endOnFailure: true },
        );
      });
    }
  });
});
