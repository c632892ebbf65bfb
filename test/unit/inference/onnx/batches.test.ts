import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { buildEfficientVit } from '../../../../src/efficientvit/buildEfficientVit.js';
import { nv12Bytes } from '../../../../src/image/TensorOptions.js';
import type { OnnxBackendSpec } from '../../../../src/inference/BackendSpec.js';
import { createBackend, prepareBackend } from '../../../../src/inference/createBackend.js';
import type { InferenceBackend } from '../../../../src/inference/InferenceBackend.js';
import type { ModelInput } from '../../../../src/model/ModelManifest.js';
import { intsAttr, makeNode, type OnnxModel } from '../../../../src/onnx/OnnxModel.js';
import { int64Vector } from '../../../../src/onnx/OnnxTensor.js';
import { writeOnnx } from '../../../../src/onnx/serializeOnnx.js';
import { assertRejected } from '../../../helpers/assertRefused.js';
import { formulaWeights } from '../../../helpers/formulaWeights.js';
import { plainClassifier } from '../../../helpers/plainClassifier.js';
import { fillRandom } from '../../../helpers/rawFrames.js';
import { scratchCache } from '../../../helpers/scratchCache.js';

const SIDE_PX = 16;
const INPUT: ModelInput = {
  widthPx: SIDE_PX,
  heightPx: SIDE_PX,
  layout: 'nchw',
  color: 'rgb',
  mean: [0, 0, 0],
  scale: [1, 1, 1],
};

describe('Batches of the onnx backend', () => {
  const scratch = scratchCache();

  async function specOf(model: OnnxModel, changes: Partial<OnnxBackendSpec> = {}): Promise<OnnxBackendSpec> {
    const modelPath = scratch.path('model.onnx');
    await writeOnnx(modelPath, model);
    return { kind: 'onnx', modelPath, input: INPUT, yuvRange: 'full', ...changes };
  }

  async function withBackend(spec: OnnxBackendSpec, work: (backend: InferenceBackend) => Promise<void>) {
    const backend = await createBackend(await prepareBackend(spec));
    await backend.load();
    try {
      await work(backend);
    } finally {
      await backend.dispose();
    }
  }

  /** Scores of noise frames one by one without batches, then of every run of neighbours among four places. */
  async function assertSameScores(model: OnnxModel, changes: Partial<OnnxBackendSpec> = {}): Promise<void> {
    const spec = await specOf(model, changes);
    const { widthPx, heightPx } = spec.input;
    const frames = [1, 2, 3, 4].map((seed) => {
      const frame = new Uint8Array(nv12Bytes(widthPx, heightPx));
      fillRandom(frame, seed);
      return frame;
    });
    const alone: Float32Array[] = [];
    await withBackend(spec, async (backend) => {
      assert.equal(backend.batch, undefined);
      for (const frame of frames) alone.push((await backend.run(frame)).logits.slice());
    });
    assert.notDeepEqual(alone[0], alone[1]);
    await withBackend({ ...spec, mostFrames: frames.length }, async (backend) => {
      for (const [place, frame] of frames.entries()) backend.batch?.write(place, frame);
      for (let first = 0; first < frames.length; first++) {
        for (let count = 1; first + count <= frames.length; count++) {
          const result = await backend.batch?.run(first, count);
          assert.deepEqual(result?.logits, alone.slice(first, first + count), `${count} from ${first}`);
          assert.ok(result.inferenceNs > 0);
        }
      }
      assert.deepEqual((await backend.run(frames[2] ?? new Uint8Array())).logits, alone[2]);
    });
  }

  it('give EfficientViT the scores of single frames, to the last bit', async () => {
    const input: ModelInput = { ...INPUT, widthPx: 224, heightPx: 224, scale: [0.02, 0.02, 0.02] };
    await assertSameScores(buildEfficientVit({ variant: 'm0', weights: formulaWeights('m0') }), { input });
  });

  it('are those of a graph in float16, uint8 or NV12, with channels last, and with an open batch', async () => {
    await assertSameScores(plainClassifier({ inputType: 'float16', outputType: 'float16', gain: 0.1 }));
    await assertSameScores(plainClassifier({ inputType: 'uint8' }));
    const nv12 = plainClassifier({ inputType: 'uint8', inputShape: [1, 1, 24, 16] });
    await assertSameScores(nv12, { input: { ...INPUT, color: 'nv12' } });
    const last = plainClassifier({ inputShape: [1, 16, 16, 3] });
    await assertSameScores(last, { input: { ...INPUT, layout: 'nhwc' } });
    const open = plainClassifier({ inputShape: ['N', 3, 16, 16], outputShape: ['N', 5] });
    open.graph.initializers.set('flat_shape', int64Vector([0, -1]));
    await assertSameScores(open);
  });

  it('are told by the loaded model', async () => {
    const spec = await prepareBackend(await specOf(plainClassifier(), { mostFrames: 3 }));
    const backend = await createBackend(spec);
    assert.deepEqual((await backend.load()).batchSizes, [1, 2, 3]);
    await backend.dispose();
  });

  it('work where the cache cannot be written', async () => {
    writeFileSync(scratch.path('file'), '');
    process.env['EFFVIT_CACHE'] = scratch.path('file/cache');
    await assertSameScores(plainClassifier());
  });

  describe('are refused', () => {
    const refused = async (model: OnnxModel, message: RegExp, changes: Partial<OnnxBackendSpec> = {}) => {
      const spec = await specOf(model, { mostFrames: 2, ...changes });
      await assertRejected(prepareBackend(spec), 'BAD_MODEL', message);
    };

    it('for a graph whose frames change one another', async () => {
      const model = plainClassifier();
      const { nodes } = model.graph;
      const scale = nodes.find(({ name }) => name === 'scale');
      const axes = { axes: intsAttr([0]) };
      nodes.splice(
        3,
        0,
        makeNode('ReduceMax', 'most', ['taken'], ['most'], axes),
        makeNode('Sub', 'below', ['taken', 'most'], ['below']),
      );
      if (scale !== undefined) scale.inputs[0] = 'below';
      await refused(model, /gives a frame other scores in a run of 2 than alone: set onnx_batch/);
    });

    it('for a graph that needs its one frame', async () => {
      const model = plainClassifier({ outputShape: [1, 6] });
      const { initializers } = model.graph;
      // Two rows of 384 values, and three of each as the six scores.
      initializers.set('flat_shape', int64Vector([2, -1]));
      initializers.set('to', int64Vector([3]));
      await refused(model, /fails on a run of 1: set onnx_batch/);
    });

    it('for an input without a batch', async () => {
      const flat = plainClassifier({ inputType: 'uint8', inputShape: [384] });
      const input: ModelInput = { ...INPUT, color: 'nv12' };
      await refused(flat, /takes \[384\] at input data, one frame a run: .*onnx_batch/, { input });
    });
  });
});
