import assert from 'node:assert/strict';
import { EffvitError } from '../../../../src/core/EffvitError.js';
import type { BpuBackendSpec } from '../../../../src/inference/BackendSpec.js';
import { BpuBackend } from '../../../../src/inference/bpu/BpuBackend.js';
import { BPU_ERRORS } from '../../../../src/inference/bpu/bpuErrors.js';
import { LibDnn } from '../../../../src/inference/bpu/LibDnn.js';
import { DNN_CALLS } from '../../../../src/inference/bpu/openDnnLibrary.js';
import { assertRefused, assertRejected } from '../../../helpers/assertRefused.js';
import { BpuRig } from '../../../helpers/BpuRig.js';
import { fakeIntegers, fakeLogits } from '../../../helpers/fakeLibdnn.js';
import { leaveOut } from '../../../helpers/leaveOut.js';
import { fillRandom } from '../../../helpers/rawFrames.js';

const SIDE_PX = 224;
const NV12_BYTES = (SIDE_PX * SIDE_PX * 3) / 2;

function noise(seed: number, bytes = NV12_BYTES): Uint8Array {
  const nv12 = new Uint8Array(bytes);
  fillRandom(nv12, seed);
  return nv12;
}

describe('BpuBackend', () => {
  const bpu = new BpuRig();
  let backends: BpuBackend[];

  beforeEach(() => {
    backends = [];
  });

  afterEach(async () => {
    for (const backend of backends) await backend.dispose().catch(() => undefined);
  });

  function makeBackend(overrides: Partial<BpuBackendSpec> = {}): BpuBackend {
    const backend = new BpuBackend(bpu.specOf({ march: 'bayes-e', ...overrides }));
    backends.push(backend);
    return backend;
  }

  async function loaded(overrides: Partial<BpuBackendSpec> = {}): Promise<BpuBackend> {
    const backend = makeBackend(overrides);
    await backend.load();
    return backend;
  }

  it('gives the logits of exactly the bytes that it was handed, and leaves nothing behind', async () => {
    const backend = makeBackend();
    const info = await backend.load();
    assert.deepEqual(info, {
      backend: 'bpu',
      isSimulated: false,
      inputWidthPx: SIDE_PX,
      inputHeightPx: SIDE_PX,
      classCount: 1000,
      runtime: 'libdnn 1.24.10 (bayes-e)',
      batchSizes: undefined,
      mostRegions: undefined,
    });
    for (let seed = 1; seed <= 5; seed++) {
      const nv12 = noise(seed);
      const { logits, inferenceNs } = await backend.run(nv12);
      assert.deepEqual(bpu.fake.lastNv12(), nv12);
      assert.deepEqual(logits, fakeLogits(nv12));
      assert.ok(inferenceNs > 0);
    }
    await backend.dispose();
    await backend.dispose();
    bpu.assertClean();
  });

  const inputs: [string, Record<string, number>][] = [
    ['two planes', { input_type: 2 }],
    ['padded rows', { row_stride: 240 }],
    ['two planes of padded rows', { input_type: 2, row_stride: 256 }],
    ['memory that is longer than the picture', { input_size_off: 64 }],
  ];
  for (const [name, settings] of inputs) {
    it(`writes ${name}`, async () => {
      bpu.fake.set(settings);
      const backend = await loaded();
      const nv12 = noise(3);
      assert.deepEqual((await backend.run(nv12)).logits, fakeLogits(nv12));
      assert.deepEqual(bpu.fake.lastNv12(), nv12);
      await backend.dispose();
      bpu.assertClean();
    });
  }

  it('takes pictures that are no squares', async () => {
    bpu.fake.set({ width: 320, height: 64, row_stride: 352 });
    const backend = await loaded({ widthPx: 320, heightPx: 64 });
    const nv12 = noise(4, (320 * 64 * 3) / 2);
    assert.deepEqual((await backend.run(nv12)).logits, fakeLogits(nv12));
    await assertRejected(
      backend.run(noise(4)),
      'INFERENCE_FAILED',
      /Expected 30720 bytes of NV12 but received/,
    );
  });

  const types = { s8: 8, u8: 9, f16: 10, s16: 11, f32: 13, s32: 14 } as const;
  /** What the fake stores for its integer. */
  const stored = {
    s8: (value: number) => value,
    u8: (value: number) => value + 64,
    f16: (value: number) => value,
    s16: (value: number) => value * 100,
    f32: (value: number) => value / 4,
    s32: (value: number) => value * 10_000,
  } as const;
  for (const [type, output_type] of Object.entries(types)) {
    for (const quanti_type of [0, 1, 2]) {
      for (const per_channel of [0, 1]) {
        if (quanti_type === 0 && per_channel === 1) continue;
        const name = `${type}, ${['plain', 'shift', 'scale'][quanti_type]}${per_channel === 1 ? ' per class' : ''}`;
        it(`reads outputs of ${name}, flat, deep and padded`, async () => {
          const nv12 = noise(5);
          const wanted = Float32Array.from(fakeIntegers(nv12, 1000), (value, index) => {
            const number = stored[type as keyof typeof stored](value);
            const power = 2 ** -(per_channel === 1 ? (index % 3) + 2 : 2);
            if (quanti_type === 0) return number;
            if (quanti_type === 1) return number * power;
            return (number - (per_channel === 1 ? (index % 5) - 2 : 3)) * power;
          });
          for (const shape of [{ flat_output: 1 }, { flat_output: 0 }, { padded_output: 1 }]) {
            bpu.fake.reset();
            bpu.fake.set({ output_type, quanti_type, per_channel, ...shape });
            const backend = await loaded();
            const { logits } = await backend.run(nv12);
            assert.deepEqual(logits, wanted, JSON.stringify(shape));
            await backend.dispose();
            bpu.assertClean();
          }
        });
      }
    }
  }

  it('shares one model handle among all who hold the file', async () => {
    const first = await loaded();
    const second = await loaded();
    assert.equal(bpu.fake.held().handles, 1);
    await first.dispose();
    const nv12 = noise(6);
    assert.deepEqual((await second.run(nv12)).logits, fakeLogits(nv12));
    await second.dispose();
    bpu.assertClean();
    const third = await loaded();
    await third.dispose();
    assert.equal(bpu.fake.violations(), '');
  });

  it('runs on the core and with the priority that are asked for', async () => {
    bpu.fake.set({ cores: 2 });
    const backend = await loaded({ core: 1, priority: 200 });
    await backend.run(noise(1));
    assert.equal(bpu.fake.get('frames_core1'), 2);
    assert.equal(bpu.fake.get('frames_core0'), 0);
    assert.equal(bpu.fake.get('priority_seen'), 200);
  });

  it('runs on any core where the chip lacks the one that is asked for', async () => {
    const backend = await loaded({ core: 1 });
    const nv12 = noise(1);
    assert.deepEqual((await backend.run(nv12)).logits, fakeLogits(nv12));
    assert.equal(bpu.fake.get('frames_core0'), 2);
    assert.equal(bpu.fake.violations(), '');
  });

  it('refuses values that are no numbers, and goes on', async () => {
    const backend = await loaded();
    bpu.fake.set({ nan: 1 });
    await assertRejected(backend.run(noise(1)), 'INFERENCE_FAILED', /NaN or infinite values/);
    bpu.fake.set({ nan: 0 });
    await backend.run(noise(1));
    await backend.dispose();
    bpu.assertClean();
  });

  it('gives up a task that hangs, keeps its tensors until it has ended, and frees them then', async () => {
    const backend = await loaded({ timeoutMs: 50 });
    bpu.fake.set({ hang: 1 });
    await assertRejected(backend.run(noise(1)), 'WORKER_DIED', /time-out\) .* after 50 ms/);
    bpu.fake.unhang();
    await backend.dispose();
    bpu.assertClean();
  });

  it('leaves the tensors of a task that never ends alone', async () => {
    const backend = await loaded({ timeoutMs: 20 });
    bpu.fake.set({ hang: 1 });
    await assertRejected(backend.run(noise(1)), 'WORKER_DIED', /hbDNNWaitTaskDone/);
    await backend.dispose();
    assert.deepEqual(bpu.fake.held(), { memory: 2, tasks: 1, handles: 1 });
    assert.equal(bpu.fake.violations(), '');
    bpu.fake.unhang();
  });

  describe('with models of several pictures', () => {
    const MODELS = [
      { batch: 1, name: 'EfficientViT_m5_224x224_nv12_inner' },
      { batch: 4, name: 'another_model' },
    ];
    const PACKED = { name_count: 2, batch0: 1, batch1: 4 };

    async function loadedBatches(settings: Record<string, number> = {}, models = MODELS) {
      bpu.fake.set({ ...PACKED, ...settings });
      const backend = makeBackend({ models });
      const info = await backend.load();
      const { batch } = backend;
      assert.ok(batch);
      return { backend, batch, info };
    }

    for (const [name, settings] of [...inputs, ['one plane', {}] as const]) {
      it(`gives each picture its own logits, from ${name}`, async () => {
        const { backend, batch, info } = await loadedBatches(settings);
        assert.deepEqual(info.batchSizes, [1, 4]);
        const frames = [1, 3, 5, 7].map((seed) => noise(seed));
        for (const count of [1, 2, 4, 3]) {
          for (const [place, nv12] of frames.slice(0, count).entries()) batch.write(place, nv12);
          const { logits } = await batch.run(0, count);
          assert.deepEqual(
            logits,
            frames.slice(0, count).map((nv12) => fakeLogits(nv12)),
          );
          assert.equal(bpu.fake.get('last_batch'), count === 1 ? 1 : 4);
        }
        await backend.dispose();
        bpu.assertClean();
      });
    }

    it('computes any one picture of a task alone, as often as asked', async () => {
      const { backend, batch } = await loadedBatches();
      const frames = [1, 3, 5, 7].map((seed) => noise(seed));
      for (const [place, nv12] of frames.entries()) batch.write(place, nv12);
      for (const [place, nv12] of [...frames.entries(), ...frames.entries()]) {
        assert.deepEqual((await batch.run(place, 1)).logits, [fakeLogits(nv12)]);
      }
      await backend.dispose();
      assert.equal(bpu.fake.violations(), '');
    });

    it('takes a file that has tasks of four alone', async () => {
      bpu.fake.set({ batch0: 4 });
      const backend = await loaded();
      const { batch } = backend;
      assert.ok(batch);
      const frames = [1, 3, 5, 7].map((seed) => noise(seed));
      for (const [place, nv12] of frames.entries()) batch.write(place, nv12);
      assert.deepEqual((await batch.run(3, 1)).logits, [fakeLogits(noise(7))]);
      assert.deepEqual((await batch.run(0, 4)).logits[2], fakeLogits(noise(5)));
      assert.deepEqual((await backend.run(noise(7))).logits, fakeLogits(noise(7)));
      await backend.dispose();
      bpu.assertClean();
    });

    it('reads quantised, padded scores of each', async () => {
      const { batch } = await loadedBatches({
        output_type: 8,
        quanti_type: 2,
        per_channel: 1,
        padded_output: 1,
      });
      const frames = [5, 7, 9].map((seed) => noise(seed));
      for (const [place, nv12] of frames.entries()) batch.write(place, nv12);
      const together = (await batch.run(0, 3)).logits.map((logits) => logits.slice());
      for (const place of frames.keys()) {
        assert.deepEqual((await batch.run(place, 1)).logits[0], together[place]);
      }
      assert.equal(new Set(together.map((logits) => logits.join())).size, 3);
    });

    const refused: [string, Record<string, number>, typeof MODELS, RegExp][] = [
      [
        'a name that the file has not',
        {},
        [{ batch: 1, name: 'missing' }],
        /one model named missing in .* holds Eff/,
      ],
      ['another batch than the manifest says', { batch1: 2 }, MODELS, /takes 2 pictures a task, not the 4/],
      [
        'two models of one batch',
        { batch1: 1 },
        MODELS.map((one) => ({ ...one, batch: 1 })),
        /two of its models take 1/,
      ],
      [
        'other classes',
        { classes1: 10 },
        MODELS,
        /do not agree: 1000 classes at batch 1, 10 classes at batch 4/,
      ],
      ['other rows', { row_stride1: 256 }, MODELS, /rows of 224 bytes .* rows of 256 bytes/],
      [
        'a batch that the BPU does not take',
        { fail_batches: 1 },
        MODELS,
        /-6000010 .*larger than the BPU takes/,
      ],
    ];
    for (const [name, settings, models, message] of refused) {
      it(`refuses ${name}, and leaves nothing behind`, async () => {
        bpu.fake.set({ ...PACKED, ...settings });
        const loading = makeBackend({ models }).load();
        await assert.rejects(loading, (error: unknown) => {
          assert.ok(error instanceof EffvitError);
          assert.match(error.message, message);
          return true;
        });
        bpu.assertClean();
      });
    }

    for (const call of ['hbDNNInfer', 'hbDNNWaitTaskDone', 'hbSysFlushMem', 'hbDNNReleaseTask']) {
      it(`fails a task where ${call} fails, and goes on`, async () => {
        const { backend, batch } = await loadedBatches();
        const frames = [1, 3, 5].map((seed) => noise(seed));
        for (const [place, nv12] of frames.entries()) batch.write(place, nv12);
        bpu.fake.fail(call, -6000012);
        await assertRejected(batch.run(0, 3), 'BPU_FAILED', new RegExp(call));
        assert.deepEqual(
          (await batch.run(0, 3)).logits,
          frames.map((nv12) => fakeLogits(nv12)),
        );
        await backend.dispose();
        bpu.assertClean();
      });
    }
  });

  describe('refuses at load', () => {
    const models: [string, Record<string, number>, RegExp][] = [
      ['an input that is no NV12', { input_type: 8 }, /takes data of type 8, not NV12/],
      ['another size', { width: 256 }, /takes 256x224, not the 224x224 of its manifest/],
      ['too little memory for the picture', { input_size_off: -64 }, /has 75200 bytes .* need 75264/],
      ['several inputs', { input_count: 2 }, /takes 2 inputs/],
      ['several outputs without a name', { output_count: 2 }, /has 2 outputs \(output, output\)/],
      ['several models in one file', { name_count: 2 }, /holds Effi.*inner, another_model/],
      ['no model in the file', { name_count: 0 }, /holds none/],
      ['an output type that it cannot read', { output_type: 17 }, /data type 17, which cannot be read/],
      ['an unknown quantisation', { quanti_type: 9 }, /quantised in the way 9/],
      ['another number of classes', { classes: 10 }, /gives 10 classes, not the 1000/],
      ['a model for another chip that only its first task tells', { wrong_chip_in_wait: 1 }, /another chip/],
      [
        'a model that the runtime takes for another chip',
        { march: 1 },
        /-6000014 \(a model for another chip/,
      ],
      [
        'the runtime of another generation',
        { version: 31_306 },
        /is libdnn 3\.13\.6, of the generation of the RDK S100 and S600 .*: choose the backend onnx/,
      ],
      ['an old runtime', { version: 10_804 }, /is libdnn 1\.8\.4, older than 1\.18/],
    ];
    for (const [name, settings, message] of models) {
      it(name, async () => {
        bpu.fake.set(settings);
        const version = settings['version'];
        const code = version === undefined ? 'BAD_MODEL' : version > 20_000 ? 'UNSUPPORTED' : 'BPU_FAILED';
        await assertRejected(makeBackend({ classCount: 1000 }).load(), code, message);
        bpu.assertClean();
      });
    }

    it('a missing library, a file that is none, and a library that is another', async () => {
      const absent = makeBackend({ libraryPath: bpu.path('libdnn.so') });
      await assertRejected(absent.load(), 'NOT_FOUND', /libdnn\.so does not load .*EFFVIT_LIBDNN/);
      const text = makeBackend({ libraryPath: bpu.path('model.bin') });
      await assertRejected(text.load(), 'NOT_FOUND', /model\.bin does not load/);
      const other = makeBackend({ libraryPath: 'libc.so.6' });
      await assertRejected(other.load(), 'BPU_FAILED', /libc\.so\.6 reports no version/);
    });

    it('a machine without the runtime', async function () {
      if ((process.env['EFFVIT_LIBDNN'] ?? '') !== '') leaveOut(this, 'this machine has the BPU runtime');
      assertRefused(() => new LibDnn(), 'NOT_FOUND', /libdnn\.so is not on this machine .* backend onnx/);
    });

    it('a model file that is not there', async () => {
      const modelPath = bpu.path('absent.bin');
      const backend = makeBackend({ modelPath });
      await assertRejected(backend.load(), 'NOT_FOUND', /-6000006 .* for .*absent\.bin/);
      bpu.assertClean();
    });
  });

  describe('meets every error of the runtime', () => {
    const codes = Object.keys(BPU_ERRORS).map(Number);
    const atLoad = [
      'hbDNNInitializeFromFiles',
      'hbDNNGetModelNameList',
      'hbDNNGetModelHandle',
      'hbDNNGetInputCount',
      'hbDNNGetOutputCount',
      'hbDNNGetInputTensorProperties',
      'hbDNNGetOutputTensorProperties',
      'hbSysAllocCachedMem',
    ];
    const atRun = ['hbSysFlushMem', 'hbDNNInfer', 'hbDNNWaitTaskDone', 'hbDNNReleaseTask'];

    function assertSentence(error: unknown, call: string, code: number): true {
      assert.ok(error instanceof EffvitError, String(error));
      assert.match(
        error.message,
        new RegExp(
          `^${call} failed with ${code} \\(.+\\) for .+: .+[^.]\\.$|^${call} failed with ${code} \\(time-out\\) for .+ after 30 ms: .+\\.$`,
        ),
      );
      return true;
    }

    for (const call of [...atLoad, ...atRun]) {
      it(`at load: ${call}`, async () => {
        for (const code of codes) {
          bpu.fake.reset();
          bpu.fake.fail(call, code);
          await assert.rejects(makeBackend({ timeoutMs: 30 }).load(), (error) =>
            assertSentence(error, call, code),
          );
          bpu.assertClean(`${code}`);
        }
      });
    }

    it('at load: the second memory', async () => {
      for (const code of codes) {
        bpu.fake.reset();
        bpu.fake.fail('hbSysAllocCachedMem', code, 1);
        await assert.rejects(makeBackend().load(), (error) =>
          assertSentence(error, 'hbSysAllocCachedMem', code),
        );
        bpu.assertClean(`${code}`);
      }
    });

    for (const call of atRun) {
      it(`at a frame: ${call}`, async () => {
        for (const code of codes) {
          bpu.fake.reset();
          const backend = await loaded({ timeoutMs: 30 });
          bpu.fake.fail(call, code);
          await assert.rejects(backend.run(noise(1)), (error) => assertSentence(error, call, code));
          if (!(call === 'hbDNNWaitTaskDone' && code === -6000008)) {
            // The frame failed alone.
            const nv12 = noise(2);
            assert.deepEqual((await backend.run(nv12)).logits, fakeLogits(nv12), `${code}`);
          }
          await backend.dispose();
          bpu.assertClean(`${code}`);
        }
      });
    }

    it('at load: the names of several outputs', async () => {
      for (const code of codes) {
        bpu.fake.reset();
        bpu.fake.set({ output_count: 2 });
        bpu.fake.fail('hbDNNGetOutputName', code);
        await assert.rejects(makeBackend({ outputName: 'output' }).load(), (error) =>
          assertSentence(error, 'hbDNNGetOutputName', code),
        );
        bpu.assertClean(`${code}`);
      }
    });

    it('at a frame: the flush of an output', async () => {
      for (const code of codes) {
        bpu.fake.reset();
        const backend = await loaded();
        bpu.fake.fail('hbSysFlushMem', code, 1);
        await assert.rejects(backend.run(noise(1)), (error) => assertSentence(error, 'hbSysFlushMem', code));
        await backend.run(noise(1));
        await backend.dispose();
        bpu.assertClean(`${code}`);
      }
    });

    it('at a frame on a chosen core: once more on any core, and then the sentence', async () => {
      const backend = await loaded({ core: 0 });
      bpu.fake.fail('hbDNNInfer', -6000001, 0, 2);
      await assert.rejects(backend.run(noise(1)), (error) => assertSentence(error, 'hbDNNInfer', -6000001));
      const nv12 = noise(2);
      assert.deepEqual((await backend.run(nv12)).logits, fakeLogits(nv12));
      await backend.dispose();
      bpu.assertClean();
    });

    it('covers every call that there is', () => {
      const covered = [...atLoad, ...atRun, 'hbDNNGetOutputName', 'hbSysFreeMem', 'hbDNNRelease'];
      assert.deepEqual(covered.sort(), [...DNN_CALLS].sort());
    });

    for (const call of ['hbSysFreeMem', 'hbDNNRelease']) {
      it(`at the end: ${call}`, async () => {
        for (const code of codes) {
          bpu.fake.reset();
          const backend = await loaded();
          bpu.fake.fail(call, code);
          await assert.rejects(backend.dispose(), (error) => assertSentence(error, call, code));
          // What could be given back was given back.
          const held = bpu.fake.held();
          assert.equal(held.memory + held.handles, 1, JSON.stringify(held));
          assert.equal(held.tasks, 0);
        }
      });
    }

    it('a code that nobody documented', async () => {
      bpu.fake.fail('hbDNNInfer', -7_654_321);
      await assert.rejects(makeBackend().load(), (error) => assertSentence(error, 'hbDNNInfer', -7_654_321));
    });
  });
});
