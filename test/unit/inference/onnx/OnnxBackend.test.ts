import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { buildEfficientVit } from '../../../../src/efficientvit/buildEfficientVit.js';
import type { OnnxBackendSpec } from '../../../../src/inference/BackendSpec.js';
import { OnnxBackend } from '../../../../src/inference/onnx/OnnxBackend.js';
import { optimizedModel } from '../../../../src/inference/onnx/optimizedModel.js';
import type { ModelInput } from '../../../../src/model/ModelManifest.js';
import { writeOnnx } from '../../../../src/onnx/serializeOnnx.js';
import { formulaWeights } from '../../../helpers/formulaWeights.js';
import {
  type PlainClassifierOptions,
  plainClassifier,
  severalOutputs,
} from '../../../helpers/plainClassifier.js';
import { scratchCache } from '../../../helpers/scratchCache.js';

const SIDE_PX = 16;
const NV12_BYTES = (SIDE_PX * SIDE_PX * 3) / 2;

const INPUT: ModelInput = {
  widthPx: SIDE_PX,
  heightPx: SIDE_PX,
  layout: 'nchw',
  color: 'rgb',
  mean: [0, 0, 0],
  scale: [1, 1, 1],
};

/** A grey picture whose luma counts up: R = G = B = Y. */
function greyRamp(): Uint8Array {
  const nv12 = new Uint8Array(NV12_BYTES).fill(128);
  for (let index = 0; index < SIDE_PX * SIDE_PX; index += 1) nv12[index] = index % 256;
  return nv12;
}

describe('OnnxBackend', () => {
  const scratch = scratchCache();

  function specOf(changes: Partial<OnnxBackendSpec> = {}): OnnxBackendSpec {
    return {
      kind: 'onnx',
      modelPath: scratch.path('model.onnx'),
      input: INPUT,
      yuvRange: 'full',
      ...changes,
    };
  }

  async function written(model: PlainClassifierOptions, spec: Partial<OnnxBackendSpec> = {}) {
    await writeOnnx(scratch.path('model.onnx'), plainClassifier(model));
    return new OnnxBackend(specOf(spec));
  }

  async function logitsOf(backend: OnnxBackend, nv12 = greyRamp()): Promise<number[]> {
    try {
      await backend.load();
      return [...(await backend.run(nv12)).logits];
    } finally {
      await backend.dispose();
    }
  }

  it('tells what it has loaded', async () => {
    const backend = await written({});
    const { runtime, ...info } = await backend.load();
    assert.match(runtime, /^onnxruntime \d+\.\d+\.\d+ \(CPU\)$/);
    assert.deepEqual(info, {
      backend: 'onnx',
      isSimulated: false,
      inputWidthPx: SIDE_PX,
      inputHeightPx: SIDE_PX,
      classCount: 5,
      batchSizes: undefined,
    });
    await backend.dispose();
  });

  it('gives the scores of each frame, with the time of the run', async () => {
    const backend = await written({});
    await backend.load();
    const first = await backend.run(greyRamp());
    assert.deepEqual([...first.logits], [0, 1, 2, 3, 4]);
    assert.ok(first.inferenceNs > 0 && first.inputNs > 0);
    const brighter = greyRamp().map((value, index) => (index < SIDE_PX * SIDE_PX ? value + 10 : value));
    assert.deepEqual([...(await backend.run(brighter)).logits], [10, 11, 12, 13, 14]);
    await backend.dispose();
  });

  it('computes a frame by several threads, with the same scores to the last bit', async () => {
    const modelPath = scratch.path('m0.onnx');
    await writeOnnx(modelPath, buildEfficientVit({ variant: 'm0', weights: formulaWeights('m0') }));
    const input: ModelInput = { ...INPUT, widthPx: 224, heightPx: 224 };
    const nv12 = Uint8Array.from({ length: (224 * 224 * 3) / 2 }, (_, index) => (index * 7) % 251);
    const threadCount = (): number => readdirSync('/proc/self/task').length;
    const logits: Float32Array[] = [];
    for (const intraOpThreads of [1, 3]) {
      const backend = new OnnxBackend(specOf({ modelPath, input, intraOpThreads }));
      const before = threadCount();
      await backend.load();
      assert.equal(threadCount() - before, intraOpThreads - 1);
      logits.push((await backend.run(nv12)).logits.slice());
      await backend.dispose();
    }
    assert.deepEqual(logits[1], logits[0]);
    assert.ok(new Set(logits[0]).size > 500, 'the scores differ from class to class');
  });

  it('normalises as the manifest says', async () => {
    const input: ModelInput = { ...INPUT, mean: [1, 0, 0], scale: [2, 1, 1] };
    assert.deepEqual(await logitsOf(await written({}, { input })), [-2, 0, 2, 4, 6]);
  });

  it('takes nhwc and bgr', async () => {
    const input: ModelInput = { ...INPUT, layout: 'nhwc', color: 'bgr' };
    const backend = await written({ inputShape: [1, SIDE_PX, SIDE_PX, 3] }, { input });
    assert.deepEqual(await logitsOf(backend), [0, 0, 0, 1, 1]);
  });

  for (const inputShape of [
    [1, (SIDE_PX * 3) / 2, SIDE_PX],
    [1, 1, (SIDE_PX * 3) / 2, SIDE_PX],
    ['N', 1, (SIDE_PX * 3) / 2, SIDE_PX],
    [NV12_BYTES],
  ]) {
    it(`takes NV12 bytes as [${inputShape.join(', ')}]`, async () => {
      const input: ModelInput = { ...INPUT, color: 'nv12' };
      const backend = await written({ inputType: 'uint8', inputShape }, { input });
      assert.deepEqual(await logitsOf(backend), [0, 1, 2, 3, 4]);
    });
  }

  it('takes an open batch, open sides and an open number of classes', async () => {
    const open = { inputShape: ['N', 3, 'H', 'W'], outputShape: [1, 5] };
    assert.deepEqual(await logitsOf(await written(open)), [0, 1, 2, 3, 4]);
    // Reshape to [1, -1] has as many classes as there are elements.
    const backend = await written({ outputShape: [1, 'classes'] });
    const info = await backend.load();
    assert.equal(info.classCount, 1);
    await backend.dispose();
  });

  for (const outputShape of [[5], [1, 5, 1, 1], [1, 1, 5], ['N', 5]]) {
    it(`takes scores as [${outputShape.join(', ')}]`, async () => {
      assert.deepEqual(await logitsOf(await written({ outputShape })), [0, 1, 2, 3, 4]);
    });
  }

  it('fills an input of odd size, of uint8 and of float16', async () => {
    const odd: ModelInput = { ...INPUT, widthPx: 17, heightPx: 19 };
    const nv12 = new Uint8Array((18 * 20 * 3) / 2).fill(128);
    for (let index = 0; index < 18 * 20; index++) nv12[index] = index % 18;
    for (const inputType of ['float32', 'float16', 'uint8'] as const) {
      const model = { inputType, inputShape: [1, 3, 19, 17], outputShape: [1, 20] };
      const backend = await written(model, { input: odd });
      const expected = Array.from({ length: 20 }, (_, index) => index % 17);
      assert.deepEqual(await logitsOf(backend, nv12), expected, inputType);
    }
  });

  it('gives the scores of a graph in float16 as float32', async () => {
    const half = { inputType: 'float16', outputType: 'float16', gain: 0.1 } as const;
    const logits = await logitsOf(await written(half));
    assert.equal(logits.length, 5);
    // 11 bits of fraction: at most 2^-11 of the value away.
    for (const [index, logit] of logits.entries()) assert.ok(Math.abs(logit - 0.1 * index) <= index / 20480);
    assert.notEqual(logits[1], Math.fround(0.1));
  });

  it('takes the one of several outputs that has one score a class', async () => {
    const outputs = { features: [1, 4, 3], embedding: [1, 8], scores: [1, 5] };
    await writeOnnx(scratch.path('model.onnx'), severalOutputs(outputs));
    assert.deepEqual(await logitsOf(new OnnxBackend(specOf({ classCount: 5 }))), [0, 1, 2, 3, 4]);
    const { embedding: _, ...others } = outputs;
    await writeOnnx(scratch.path('model.onnx'), severalOutputs(others));
    assert.deepEqual(await logitsOf(new OnnxBackend(specOf())), [0, 1, 2, 3, 4]);
  });

  it('takes the named ones of several outputs', async () => {
    const backend = await written({ outputNames: ['features', 'scores'] }, { outputName: 'scores' });
    assert.deepEqual(await logitsOf(backend), [0, 1, 2, 3, 4]);
  });

  it('gives the same from the optimised model as from the model itself', async () => {
    const plain = await logitsOf(await written({ gain: 0.37 }));
    const optimizedPath = await optimizedModel(scratch.path('model.onnx'));
    assert.ok(optimizedPath !== undefined);
    assert.deepEqual(await logitsOf(new OnnxBackend(specOf({ optimizedPath }))), plain);
  });

  it('loads the model itself where the optimised one is damaged or gone', async () => {
    await written({});
    for (const content of ['', 'ORTM this is no model', undefined]) {
      const optimizedPath = scratch.path('damaged.ort');
      if (content !== undefined) writeFileSync(optimizedPath, content);
      const spec = specOf({
        optimizedPath: content === undefined ? scratch.path('none.ort') : optimizedPath,
      });
      assert.deepEqual(await logitsOf(new OnnxBackend(spec)), [0, 1, 2, 3, 4]);
    }
  });

  it('can be loaded again, disposed twice, and refuses to run without a model', async () => {
    const backend = await written({});
    await assert.rejects(backend.run(greyRamp()), { code: 'CLOSED' });
    await backend.load();
    await backend.load();
    await backend.dispose();
    await backend.dispose();
    await assert.rejects(backend.run(greyRamp()), { code: 'CLOSED' });
  });

  describe('refuses', () => {
    async function assertRefused(
      model: PlainClassifierOptions,
      message: RegExp,
      spec: Partial<OnnxBackendSpec> = {},
    ): Promise<void> {
      const backend = await written(model, spec);
      await assert.rejects(backend.load(), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'BAD_MODEL');
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(scratch.path('model.onnx')), error.message);
        assert.ok(!error.message.includes('\n'));
        return true;
      });
    }

    it('a file that is no model', async () => {
      for (const content of ['', 'this is no model', '\x08\x08']) {
        writeFileSync(scratch.path('model.onnx'), content);
        await assert.rejects(new OnnxBackend(specOf()).load(), {
          code: 'BAD_MODEL',
          message: /cannot load .*model\.onnx: .*Give an \.onnx classifier\.$/,
        });
      }
    });

    it('several inputs', async () => {
      await assertRefused({ inputNames: ['data', 'mask'] }, /takes 2 inputs \(data, mask\), not one picture/);
      const input = { ...INPUT, name: 'data' };
      await assertRefused({ inputNames: ['data', 'mask'] }, /takes 2 inputs \(data, mask\)/, { input });
    });

    it('several outputs without a name, and names that are not there', async () => {
      await assertRefused(
        { outputNames: ['a', 'b'] },
        /has 2 outputs \(a float32 \[1, 5\], b float32 \[1, 5\]\), and more than one .*`output: \{ name: b \}`/,
      );
      await assertRefused({}, /has no output logits, only output/, { outputName: 'logits' });
      await assertRefused({}, /has no input image, only data/, { input: { ...INPUT, name: 'image' } });
    });

    it('other types of elements', async () => {
      await assertRefused({ inputType: 'int64' }, /takes int64 at input data, not float32, float16, uint8/);
      await assertRefused(
        { inputType: 'uint8' },
        /takes uint8 pixels .* normalises them itself: write `input: \{ mean: \[0, 0, 0\], scale: \[1, 1, 1\] \}`/,
        { input: { ...INPUT, scale: [0.01, 0.01, 0.01] } },
      );
      await assertRefused({}, /takes float32 at input data, not uint8 as color nv12/, {
        input: { ...INPUT, color: 'nv12' },
      });
      await assertRefused(
        { outputType: 'int64' },
        /gives int64 at output output, not the scores as float32 or float16: .*ArgMax/,
      );
    });

    it('another shape of input', async () => {
      await assertRefused(
        { inputShape: [1, 3, 32, 32] },
        /takes \[1, 3, 32, 32\] at input data, not the nchw \[1, 3, 16, 16\]: write `input: \{ width_px: 32, /,
      );
      await assertRefused({ inputShape: [1, SIDE_PX, SIDE_PX, 3] }, /not the nchw .*layout: nhwc/);
      await assertRefused({ inputShape: [4, 3, SIDE_PX, SIDE_PX] }, /\[4, 3, 16, 16\].* a fixed batch of 4/);
      await assertRefused({ inputShape: [1, 1, SIDE_PX, SIDE_PX] }, /give a classifier of colour pictures/);
      await assertRefused({ inputShape: [1, 768] }, /takes \[1, 768\]/);
      await assertRefused(
        { inputType: 'uint8', inputShape: [1, 3, 16, 16] },
        /not the 384 bytes of NV12 16x16/,
        {
          input: { ...INPUT, color: 'nv12' },
        },
      );
    });

    it('another shape of output, and another number of classes', async () => {
      await assertRefused(
        { outputShape: [1, 2, 3] },
        /gives \[1, 2, 3\] at output output, not one score a class/,
      );
      await assertRefused({}, /gives 5 classes at output output, not the 1000 of its manifest/, {
        classCount: 1000,
      });
    });
  });
});
