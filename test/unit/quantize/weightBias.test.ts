import assert from 'node:assert/strict';
import { emptyGraph, intAttr, intsAttr, makeNode } from '../../../src/onnx/OnnxModel.js';
import { float32Tensor } from '../../../src/onnx/OnnxTensor.js';
import { OrtRunner } from '../../../src/quantize/OrtRunner.js';
import { quantizeWeights } from '../../../src/quantize/quantizeWeights.js';
import { ChannelMeans, weightBias } from '../../../src/quantize/weightBias.js';
import { attentionModel, seededValues } from '../../helpers/attentionModel.js';

function random(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, seededValues(seed));
}

/** The shift by definition: what the rounded weights give for the means, less what the weights give. */
function byDefinition(
  outputs: number,
  weightsOf: (output: number) => readonly (readonly [index: number, input: number])[],
  float: Float32Array,
  rounded: (index: number, output: number) => number,
  means: Float64Array,
): number[] {
  return Array.from({ length: outputs }, (_, output) =>
    weightsOf(output).reduce(
      (sum, [index, input]) => sum + (rounded(index, output) - (float[index] ?? 0)) * (means[input] ?? 0),
      0,
    ),
  );
}

describe('weightBias', () => {
  const cases = [
    {
      title: 'a convolution in two groups',
      node: makeNode('Conv', 'n', ['x', 'w'], ['y'], { group: intAttr(2) }),
      dims: [4, 3, 2, 2],
      axis: 0,
      inputs: 6,
      weightsOf: (output: number) =>
        Array.from({ length: 12 }, (_, place): [number, number] => [
          output * 12 + place,
          (output < 2 ? 0 : 3) + Math.floor(place / 4),
        ]),
    },
    {
      title: 'a Gemm of transposed weights',
      node: makeNode('Gemm', 'n', ['x', 'w'], ['y'], { transB: intAttr(1) }),
      dims: [4, 5],
      axis: 0,
      inputs: 5,
      weightsOf: (output: number) =>
        Array.from({ length: 5 }, (_, i): [number, number] => [output * 5 + i, i]),
    },
    {
      title: 'a MatMul',
      node: makeNode('MatMul', 'n', ['x', 'w'], ['y']),
      dims: [5, 4],
      axis: 1,
      inputs: 5,
      weightsOf: (output: number) =>
        Array.from({ length: 5 }, (_, i): [number, number] => [i * 4 + output, i]),
    },
  ];
  for (const { title, node, dims, axis, inputs, weightsOf } of cases) {
    it(`is the shift of the mean for ${title}`, () => {
      const float = random(
        dims.reduce((a, b) => a * b, 1),
        5,
      );
      const tensor = float32Tensor(dims, float);
      const quantized = quantizeWeights('w', tensor, { channelAxis: axis, reduceRange: true });
      const steps = quantized.weights.data as Int8Array;
      const means = Float64Array.from(random(inputs, 9));
      const expected = byDefinition(
        4,
        weightsOf,
        float,
        (index, output) => (steps[index] ?? 0) * (quantized.scales[output] ?? 0),
        means,
      );
      const shift = weightBias(node, tensor, quantized, { means, dims: [1, inputs, 9, 9] });
      assert.equal(shift.length, 4);
      expected.forEach((value, output) => {
        assert.ok(Math.abs((shift[output] ?? 0) - value) < 1e-9);
        assert.notEqual(value, 0);
      });
    });
  }

  it('counts a tap of the kernel only where it meets input', async () => {
    // Inputs that are the same everywhere: then the shift is exact, borders included.
    const [channels, size] = [3, 6];
    const dims = [4, channels, 3, 3];
    const float = random(4 * channels * 9, 21);
    const value = [0.5, -1, 2];
    const attributes = { pads: intsAttr([1, 0, 1, 2]), strides: intsAttr([2, 1]) };
    const mean = async (weights: Float32Array): Promise<number[]> => {
      const graph = emptyGraph('conv');
      graph.inputs.push({ name: 'x', dataType: 'float32', shape: [1, channels, size, size] });
      graph.outputs.push({ name: 'y', dataType: 'float32', shape: null });
      graph.initializers.set('w', float32Tensor(dims, weights));
      graph.nodes.push(makeNode('Conv', 'n', ['x', 'w'], ['y'], attributes));
      const runner = await OrtRunner.create({ ...attentionModel(), graph });
      const data = Float32Array.from(
        { length: channels * size * size },
        (_, i) => value[Math.floor(i / (size * size))] ?? 0,
      );
      const output = await runner.runForOutput({ dims: [1, channels, size, size], data });
      await runner.dispose();
      const perChannel = output.length / 4;
      return [0, 1, 2, 3].map(
        (c) => output.subarray(c * perChannel, (c + 1) * perChannel).reduce((a, b) => a + b, 0) / perChannel,
      );
    };
    const tensor = float32Tensor(dims, float);
    const quantized = quantizeWeights('w', tensor, { channelAxis: 0, reduceRange: true });
    const steps = quantized.weights.data as Int8Array;
    const rounded = float.map(
      (_, index) => (steps[index] ?? 0) * (quantized.scales[Math.floor(index / (channels * 9))] ?? 0),
    );
    const [before, after] = [await mean(float), await mean(rounded)];
    const node = makeNode('Conv', 'n', ['x', 'w'], ['y'], attributes);
    const shift = weightBias(node, tensor, quantized, {
      means: Float64Array.from(value),
      dims: [1, channels, size, size],
    });
    shift.forEach((found, channel) => {
      const expected = (after[channel] ?? 0) - (before[channel] ?? 0);
      assert.ok(Math.abs(found - expected) < 1e-5, `${found} for ${expected}`);
    });
  });
});

describe('ChannelMeans', () => {
  it('averages over positions and pictures', () => {
    const means = new ChannelMeans(1);
    means.add({ dims: [1, 2, 2, 1], data: Float32Array.of(1, 3, 10, 30) });
    means.add({ dims: [1, 2, 2, 1], data: Float32Array.of(5, 7, 0, 0) });
    assert.deepEqual([...means.result().means], [4, 10]);
  });

  it('counts the axis from the end too', () => {
    const means = new ChannelMeans(-1);
    means.add({ dims: [1, 3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    assert.deepEqual([...means.result().means], [3, 4]);
  });
});
