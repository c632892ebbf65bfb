import assert from 'node:assert/strict';
import { float32Tensor } from '../../../src/onnx/OnnxTensor.js';
import { quantizeBias, quantizeWeights } from '../../../src/quantize/quantizeWeights.js';

describe('quantizeWeights', () => {
  const tensor = float32Tensor([2, 3], Float32Array.of(1, -2, 0.5, 0.0101, 0.02, -0.005));

  it('has a scale for each output channel', () => {
    const { weights, scales } = quantizeWeights('w', tensor, { channelAxis: 0, reduceRange: false });
    assert.deepEqual([...(weights.data as Int8Array)], [64, -127, 32, 64, 127, -32]);
    assert.deepEqual([...scales], [Math.fround(2 / 127), Math.fround(Math.fround(0.02) / 127)]);
    assert.equal(weights.dataType, 'int8');
    assert.deepEqual(weights.dims, [2, 3]);
  });

  it('finds the channels in the last axis too', () => {
    const { scales } = quantizeWeights('w', tensor, { channelAxis: 1, reduceRange: false });
    assert.deepEqual(
      [...scales],
      [1, 2, 0.5].map((largest) => Math.fround(largest / 127)),
    );
  });

  it('keeps neighbours of one sign to what 16 bits hold, and no more', () => {
    const rows = float32Tensor([2, 4], Float32Array.of(1, 1, -0.5, 0.25, 1, -1, 0.1, -0.1));
    const { weights } = quantizeWeights('w', rows, { channelAxis: 0, reduceRange: true });
    const steps = [...(weights.data as Int8Array)];
    assert.deepEqual(steps, [64, 64, -32, 16, 127, -127, 13, -13]);
    assert.ok(255 * (64 + 64) < 2 ** 15);
  });

  it('grows the scale of a channel whose bias would overflow', () => {
    const values = Float32Array.of(0.1, 1000);
    const { scales } = quantizeWeights('w', tensor, {
      channelAxis: 0,
      reduceRange: false,
      bias: { values, inputScale: 1e-7 },
    });
    const bias = quantizeBias(values, 1e-7, scales);
    assert.ok(Math.abs(bias[1] ?? 0) <= 2 ** 29 + 1);
    assert.ok(Math.abs((bias[1] ?? 0) * 1e-7 * (scales[1] ?? 0) - 1000) < 0.01);
    assert.equal(scales[0], Math.fround(2 / 127), 'the other channel keeps its own');
  });

  it('takes a channel of zeros', () => {
    const { weights, scales } = quantizeWeights('w', float32Tensor([1, 2], new Float32Array(2)), {
      channelAxis: 0,
      reduceRange: false,
    });
    assert.deepEqual([...(weights.data as Int8Array)], [0, 0]);
    assert.equal(scales[0], 1);
  });

  it('refuses NaN', () => {
    const bad = float32Tensor([1, 2], Float32Array.of(1, Number.NaN));
    assert.throws(
      () => quantizeWeights('conv.weight', bad, { channelAxis: 0, reduceRange: false }),
      /"conv\.weight" hold NaN at index 1/,
    );
  });
});
