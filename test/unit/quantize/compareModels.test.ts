import assert from 'node:assert/strict';
import type { OnnxModel } from '../../../src/onnx/OnnxModel.js';
import { float32Tensor, tensorToFloat32 } from '../../../src/onnx/OnnxTensor.js';
import {
  CosineSum,
  compareNodes,
  compareOutputs,
  compareSpeed,
  cosineSimilarity,
} from '../../../src/quantize/compareModels.js';
import { type InputNormalization, normalize } from '../../../src/quantize/InputNormalization.js';
import { OrtRunner } from '../../../src/quantize/OrtRunner.js';
import { Quantizer } from '../../../src/quantize/Quantizer.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import { attentionModel, noisePlanes } from '../../helpers/attentionModel.js';

const DIMS = [1, 3, 16, 16];
const NORMALIZATION: InputNormalization = {
  color: 'rgb',
  mean: [127.5, 127.5, 127.5],
  scale: [0.0157, 0.0157, 0.0157],
};
const OPTIONS = { normalization: NORMALIZATION, dims: DIMS };
const PICTURES = noisePlanes(6);

/** Gives the negative of what attentionModel gives. */
function oppositeModel(): OnnxModel {
  const opposite = attentionModel();
  for (const name of ['head.weight', 'head.bias']) {
    const tensor = opposite.graph.initializers.get(name);
    assert.ok(tensor !== undefined);
    const negated = tensorToFloat32(tensor).map((value) => -value);
    opposite.graph.initializers.set(name, float32Tensor(tensor.dims, negated));
  }
  return opposite;
}

describe('compareOutputs', () => {
  it('finds a model equal to itself, and counts right answers', async () => {
    const model = attentionModel();
    const runner = await OrtRunner.create(model);
    const labelled = [];
    for (const [index, picture] of PICTURES.entries()) {
      const output = await runner.runForOutput(normalize(picture, NORMALIZATION, DIMS));
      const best = output.indexOf(Math.max(...output));
      // Of six pictures two labels are right, one is wrong, three are not known.
      labelled.push({
        ...picture,
        ...(index < 2 ? { label: best } : index === 2 ? { label: (best + 1) % 4 } : {}),
      });
    }
    await runner.dispose();
    const [comparison, opposed] = await compareOutputs(
      model,
      [attentionModel(), oppositeModel()],
      labelled,
      OPTIONS,
    );
    assert.ok(comparison && opposed);
    assert.equal(comparison.pictureCount, 6);
    assert.equal(comparison.labelledCount, 3);
    assert.equal(comparison.agreementPercent, 100);
    assert.ok(comparison.outputCosine.min > 0.9999999);
    assert.ok(Math.abs((comparison.float.top1Percent ?? 0) - 200 / 3) < 1e-9);
    assert.equal(comparison.quantized.top5Percent, 100);
    assert.deepEqual([comparison.lostCount, comparison.wonCount], [0, 0]);
    assert.equal(opposed.float.top1Percent, comparison.float.top1Percent);
    assert.equal(opposed.lostCount, 2);
    assert.equal(opposed.quantized.top1Percent, (100 * opposed.wonCount) / 3);
  });

  it('distinguishes models that differ', async () => {
    const [comparison] = await compareOutputs(attentionModel(), [oppositeModel()], PICTURES, OPTIONS);
    assert.ok(comparison);
    assert.ok(comparison.outputCosine.mean < -0.9999);
    assert.equal(comparison.agreementPercent, 0);
    assert.equal(comparison.float.top1Percent, null);
  });

  it('refuses no pictures and a class that the model has not', async () => {
    const model = attentionModel();
    await assertRejected(compareOutputs(model, [model], [], OPTIONS), 'NOT_FOUND', /no picture to compare/);
    const wrong = PICTURES.map((picture) => ({ ...picture, label: 4 }));
    await assertRejected(
      compareOutputs(model, [model], wrong, OPTIONS),
      'OUT_OF_RANGE',
      /noise0\.png has the class 4.* 0 to 3/,
    );
  });
});

describe('compareNodes', () => {
  it('lists the nodes of both models, worst first', async () => {
    const quantizer = await Quantizer.open(attentionModel());
    const plan = quantizer.plan({
      coverage: 'fast',
      requests: new Map([['softmax', { input: 'int16', output: 'int16' }]]),
      modelOutput: 'float',
    });
    const inputs = PICTURES.map((picture) => normalize(picture, NORMALIZATION, DIMS));
    await quantizer.calibrate([plan], inputs);
    const { model } = quantizer.build(plan, { method: { kind: 'max', percentile: 1 }, reduceRange: true });
    const nodes = await compareNodes(quantizer.model, model, inputs);
    const byName = new Map(nodes.map((node) => [node.node, node]));
    assert.equal(byName.get('softmax')?.precision, 'int16');
    assert.equal(byName.get('residual')?.precision, 'int8');
    assert.equal(byName.get('head')?.precision, 'float');
    assert.equal(byName.has('stem'), false, 'the rectifier behind it stands for both');
    assert.ok(byName.has('stem_relu'));
    for (const [index, node] of nodes.entries()) {
      assert.ok(node.cosine > 0.99 && node.cosine <= 1, `${node.node}: ${node.cosine}`);
      assert.ok(index === 0 || node.cosine >= (nodes[index - 1]?.cosine ?? 0));
    }
  });
});

describe('compareSpeed', () => {
  it('times both models', async () => {
    const [picture] = PICTURES;
    assert.ok(picture);
    const input = normalize(picture, NORMALIZATION, DIMS);
    const speed = await compareSpeed(attentionModel(), attentionModel(), input, 9);
    assert.ok(speed);
    assert.equal(speed.rounds, 9);
    assert.ok(speed.floatMedianMs > 0 && speed.quantizedMedianMs > 0 && speed.ratio > 0);
  });
});

describe('cosine similarity', () => {
  it('is that of the whole, however it is cut', () => {
    const a = Float32Array.of(1, 2, 3, -4);
    const b = Float32Array.of(2, 0, 3, 1);
    const sum = new CosineSum();
    sum.add(a.subarray(0, 1), b.subarray(0, 1));
    sum.add(a.subarray(1), b.subarray(1));
    const expected = (2 + 9 - 4) / Math.sqrt(30 * 14);
    assert.ok(Math.abs(sum.value - expected) < 1e-12);
    assert.ok(Math.abs(cosineSimilarity(a, b) - expected) < 1e-12);
  });

  it('knows zeros', () => {
    assert.equal(cosineSimilarity(new Float32Array(3), new Float32Array(3)), 1);
    assert.equal(cosineSimilarity(Float32Array.of(1), Float32Array.of(0)), 0);
    assert.throws(() => cosineSimilarity(new Float32Array(2), new Float32Array(3)), RangeError);
  });
});
