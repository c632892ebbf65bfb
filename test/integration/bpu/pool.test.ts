import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { topK } from '../../../src/classify/topK.js';
import type { RawImageFrame } from '../../../src/image/ImageFrame.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import type { BpuBackendSpec } from '../../../src/inference/BackendSpec.js';
import { modelLease } from '../../../src/inference/bpu/ModelLease.js';
import { loadManifest } from '../../../src/model/loadManifest.js';
import type { FrameOutcome, FrameResult } from '../../../src/pool/FrameOutcome.js';
import { InferencePool } from '../../../src/pool/InferencePool.js';
import type { InferencePoolOptions } from '../../../src/pool/PoolOptions.js';
import { COLOURS, writeColourModel } from '../../helpers/colourModel.js';
import { FakeLibdnn, fakeLogits, writeFakeBin } from '../../helpers/fakeLibdnn.js';
import { fillRandom, rawFrame } from '../../helpers/rawFrames.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const PREPROCESS = preprocessOptions({ widthPx: 224, heightPx: 224, resizeMode: 'crop' });
const NOTHING = { memory: 0, tasks: 0, handles: 0 };

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
  const scratch = scratchFolder();
  let fake: FakeLibdnn;
  let pools: InferencePool<Float32Array>[];

  before(function () {
    fake = FakeLibdnn.build(this);
  });

  beforeEach(() => {
    fake.reset();
    pools = [];
  });

  afterEach(async () => {
    fake.unhang();
    await Promise.all(pools.map((pool) => pool.close({ drain: false })));
    fake.reset();
  });

  function bpuSpec(): BpuBackendSpec {
    const modelPath = writeFakeBin(scratch.path('model.bin'));
    return {
      kind: 'bpu',
      modelPath,
      libraryPath: fake.path,
      widthPx: 224,
      heightPx: 224,
      core: 'any',
      priority: 0,
      timeoutMs: 700,
      lease: modelLease(modelPath),
    };
  }

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
      await pool.resize(threads);
      assert.equal(fake.held().handles, 1);
      for (const outcome of await classifyAll(pool, pictures(12))) {
        const { value, nv12 } = resultOf(outcome);
        assert.ok(nv12 !== undefined);
        assert.deepEqual(value, fakeLogits(nv12));
      }
    }
    await pool.close();
    assert.deepEqual(fake.held(), NOTHING);
    assert.equal(fake.violations(), '');
  });

  it('hands the BPU the very bytes that the CPU gets, and gives the same classes for the same logits', async () => {
    const folder = await writeColourModel(scratch.path('colours'));
    const { input } = await loadManifest(folder);
    const modelPath = scratch.path('colours', 'colours.onnx');
    const cpu = await startPool({ kind: 'onnx', modelPath, input, yuvRange: 'full' }, { threads: 2 });
    const frames = pictures(10);
    const onCpu = (await classifyAll(cpu, frames)).map(resultOf);
    await cpu.close();
    fake.set({ classes: COLOURS.length });
    for (const settings of [{}, { input_type: 2, row_stride: 256 }]) {
      fake.set(settings);
      for (const { nv12, value } of onCpu) if (nv12 !== undefined) fake.answer(nv12, value);
      // The warm-up frame is none of them.
      const bpu = await startPool(bpuSpec(), { threads: 3 });
      const onBpu = (await classifyAll(bpu, frames)).map(resultOf);
      await bpu.close();
      for (const [index, { nv12, value }] of onBpu.entries()) {
        assert.deepEqual(nv12, onCpu[index]?.nv12);
        assert.deepEqual(
          topK(value, 3, 'logits'),
          topK(onCpu[index]?.value ?? new Float32Array(3), 3, 'logits'),
        );
      }
    }
    assert.equal(fake.get('unknown_frames'), 2 * 3, 'only the workers’ first, grey frames were not known');
    assert.equal(fake.violations(), '');
  });

  it('fails a frame alone where the runtime fails one', async () => {
    const pool = await startPool(bpuSpec(), { threads: 1 });
    fake.fail('hbDNNWaitTaskDone', -6000012);
    const [failed, next] = await classifyAll(pool, pictures(2));
    assert.ok(failed?.kind === 'dropped');
    assert.equal(failed.cause, 'inference_failed');
    assert.match(failed.error?.message ?? '', /-6000012 \(the task failed on the BPU\)/);
    resultOf(next);
    assert.equal(pool.workers().deaths, 0);
    await pool.close();
    assert.deepEqual(fake.held(), NOTHING);
  });

  it('counts a frame whose task hangs as timed out, and replaces the worker', async () => {
    const pool = await startPool(bpuSpec(), { threads: 1, runTimeoutMs: 300 });
    fake.set({ hang: 1 });
    const hung = await pool.submit(pictures(1)[0] as RawImageFrame);
    assert.ok(hung.kind === 'dropped');
    assert.equal(hung.cause, 'timed_out');
    for (const outcome of await classifyAll(pool, pictures(3))) resultOf(outcome);
    assert.equal(pool.workers().deaths, 1);
    fake.unhang();
    await pool.close();
    // The thread that was given up is on its own, and on a loaded machine it may come back after the pool is closed.
    for (let tries = 0; tries < 100 && fake.held().memory > 0; tries++) await sleep(50);
    assert.deepEqual(fake.held(), NOTHING);
    assert.equal(fake.violations(), '');
  });

  it('says why a model does not load, and can be started again', async () => {
    fake.fail('hbDNNInitializeFromFiles', -6000016);
    await assert.rejects(
      startPool(bpuSpec(), { threads: 4 }),
      /-6000016 \(used from more than one process\)/,
    );
    assert.deepEqual(fake.held(), NOTHING);
    const pool = await startPool(bpuSpec(), { threads: 4 });
    for (const outcome of await classifyAll(pool, pictures(4))) resultOf(outcome);
  });
});
