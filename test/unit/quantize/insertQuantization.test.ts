import assert from 'node:assert/strict';
import { saturatingNodes } from '../../../src/fit/saturatingNodes.js';
import type { OnnxModel, OnnxNode } from '../../../src/onnx/OnnxModel.js';
import { cosineSimilarity } from '../../../src/quantize/compareModels.js';
import { type InputNormalization, normalize } from '../../../src/quantize/InputNormalization.js';
import { type FloatValue, OrtRunner } from '../../../src/quantize/OrtRunner.js';
import type { Coverage, NodeRequest } from '../../../src/quantize/planNodes.js';
import { Quantizer } from '../../../src/quantize/Quantizer.js';
import type { Precision } from '../../../src/quantize/QuantParams.js';
import { ChannelMeans } from '../../../src/quantize/weightBias.js';
import { attentionModel, noisePlanes } from '../../helpers/attentionModel.js';

const NORMALIZATION: InputNormalization = {
  color: 'rgb',
  mean: [127.5, 127.5, 127.5],
  scale: [0.0157, 0.0157, 0.0157],
};
const INPUTS: readonly FloatValue[] = noisePlanes(8).map((picture) =>
  normalize(picture, NORMALIZATION, [1, 3, 16, 16]),
);

interface Wanted {
  readonly coverage?: Coverage;
  readonly requests?: readonly (readonly [string, NodeRequest])[];
  readonly modelOutput?: Precision;
  readonly reduceRange?: boolean;
}

async function quantized(
  wanted: Wanted = {},
  source: OnnxModel = attentionModel(),
): Promise<{ quantizer: Quantizer; model: OnnxModel }> {
  const quantizer = await Quantizer.open(source);
  const plan = quantizer.plan({
    coverage: wanted.coverage ?? 'fast',
    requests: new Map(wanted.requests ?? []),
    modelOutput: wanted.modelOutput ?? 'float',
  });
  await quantizer.calibrate([plan], INPUTS);
  const method = { kind: 'max', percentile: 1 } as const;
  const { model } = quantizer.build(plan, { method, reduceRange: wanted.reduceRange ?? true });
  return { quantizer, model };
}

async function outputs(model: OnnxModel): Promise<Float32Array> {
  const runner = await OrtRunner.create(model);
  const values: number[] = [];
  for (const input of INPUTS) values.push(...(await runner.runForOutput(input)));
  await runner.dispose();
  return Float32Array.from(values);
}

async function likeness({ quantizer, model }: { quantizer: Quantizer; model: OnnxModel }): Promise<number> {
  return cosineSimilarity(await outputs(quantizer.model), await outputs(model));
}

function producer(model: OnnxModel, value: string): OnnxNode {
  const node = model.graph.nodes.find(({ outputs: made }) => made.includes(value));
  assert.ok(node, `nothing makes ${value}`);
  return node;
}

describe('insertQuantization', () => {
  for (const coverage of ['fast', 'full'] as const) {
    for (const softmax of ['int8', 'int16', 'float'] as const) {
      it(`comes near to the float model: ${coverage}, softmax ${softmax}`, async () => {
        const requests = [['softmax', { input: softmax, output: softmax }]] as const;
        const cosine = await likeness(await quantized({ coverage, requests }));
        assert.ok(cosine > 0.995, `${cosine}`);
      });
    }
  }

  it('comes nearer the more bits it has', async () => {
    const everywhere = (precision: Precision): (readonly [string, NodeRequest])[] =>
      attentionModel().graph.nodes.map(({ name }) => [name, { input: precision, output: precision }]);
    const [eight, sixteen, float] = await Promise.all(
      (['int8', 'int16', 'float'] as const).map(async (precision) =>
        likeness(await quantized({ requests: everywhere(precision) })),
      ),
    );
    assert.ok(eight !== undefined && sixteen !== undefined && float !== undefined);
    assert.ok(eight < sixteen, `${eight} against ${sixteen}`);
    assert.ok(sixteen > 0.9999);
    assert.ok(float > 0.9999999);
  });

  it('leaves a model without a single request or int8 node as it is', async () => {
    const requests = attentionModel().graph.nodes.map(
      ({ name }) => [name, { input: 'float', output: 'float' }] as const,
    );
    const { quantizer, model } = await quantized({ requests });
    assert.deepEqual(model.graph.nodes, quantizer.model.graph.nodes);
    assert.deepEqual(
      [...model.graph.initializers.keys()].sort(),
      [...quantizer.model.graph.initializers.keys()].sort(),
    );
  });

  it('does not change the float model', async () => {
    const { quantizer } = await quantized();
    const fresh = await Quantizer.open(attentionModel());
    assert.deepEqual(quantizer.model, fresh.model);
  });

  it('gives weights a scale for each output channel and biases int32', async () => {
    const { model } = await quantized();
    const stem = producer(model, 'stem_relu');
    assert.equal(stem.name, 'stem', 'the rectifier is folded into the convolution');
    const weights = producer(model, stem.inputs[1] ?? '');
    assert.equal(weights.opType, 'DequantizeLinear');
    assert.equal(model.graph.initializers.get(weights.inputs[0] ?? '')?.dataType, 'int8');
    assert.deepEqual(model.graph.initializers.get(weights.inputs[1] ?? '')?.dims, [12]);
    const bias = producer(model, stem.inputs[2] ?? '');
    assert.equal(model.graph.initializers.get(bias.inputs[0] ?? '')?.dataType, 'int32');
    assert.equal(model.graph.initializers.has('stem.weight'), false, 'the float weights are gone');
  });

  it("writes 16 bits in the runtime's own domain below opset 21, in the standard one from there on", async () => {
    const requests = [['softmax', { input: 'int16', output: 'int16' }]] as const;
    const { model } = await quantized({ requests });
    const pair = producer(model, producer(model, 'softmax').inputs[0] ?? '');
    assert.deepEqual([pair.opType, pair.domain], ['DequantizeLinear', 'com.microsoft']);
    assert.ok(model.opsets.some(({ domain, version }) => domain === 'com.microsoft' && version === 1));

    const newer = attentionModel();
    newer.opsets = [{ domain: '', version: 21 }];
    const split = newer.graph.nodes.find((node) => node.opType === 'Split');
    split?.attributes.delete('split');
    split?.attributes.set('num_outputs', { type: 'int', value: 3 });
    const standard = await quantized({ requests }, newer);
    assert.equal(producer(standard.model, producer(standard.model, 'softmax').inputs[0] ?? '').domain, '');
    assert.equal(standard.model.opsets.length, 1);
    assert.ok((await likeness(standard)) > 0.995);
  });

  it('keeps the softmax between values of 16 bits', async () => {
    const requests = [['softmax', { input: 'int16', output: 'int16' }]] as const;
    for (const coverage of ['fast', 'full'] as const) {
      const { model } = await quantized({ coverage, requests });
      const softmax = producer(model, 'softmax');
      assert.match(softmax.inputs[0] ?? '', /_int16_dequantized$/);
      const readers = model.graph.nodes.filter((node) =>
        node.inputs.some((name) => name.startsWith('softmax')),
      );
      assert.deepEqual(
        readers
          .filter((node) => node.opType !== 'DequantizeLinear')
          .map((node) => [node.opType, node.inputs[0]]),
        [
          ['QuantizeLinear', 'softmax'],
          ['Transpose', 'softmax_int16_dequantized'],
          ['QuantizeLinear', 'softmax_columns'],
          ['MatMul', 'v_flat_dequantized'],
        ],
      );
    }
  });

  it('leaves no pair around sums of floats where only speed counts', async () => {
    const { model } = await quantized();
    const mixed = producer(model, 'mixed');
    assert.deepEqual(mixed.opType, 'MatMul');
    assert.ok(model.graph.nodes.every((node) => node.inputs[0] !== 'scores' || node.opType === 'Softmax'));
  });

  it('lets values that only move share their steps', async () => {
    const { model } = await quantized();
    const stepsOf = (value: string): readonly (string | undefined)[] => {
      const quantize = model.graph.nodes.find(
        (node) => node.opType === 'QuantizeLinear' && node.inputs[0] === value,
      );
      return [1, 2].map((index) => {
        const tensor = model.graph.initializers.get(quantize?.inputs[index] ?? '');
        return tensor === undefined ? undefined : String(tensor.data);
      });
    };
    assert.deepEqual(stepsOf('q'), stepsOf('qkv'));
    assert.deepEqual(stepsOf('v_flat'), stepsOf('qkv'));
    assert.notDeepEqual(stepsOf('residual'), stepsOf('qkv'));
  });

  it('gives the outputs their names, quantised or not', async () => {
    for (const modelOutput of ['float', 'int8', 'int16'] as const) {
      const result = await quantized({ modelOutput });
      assert.equal(
        producer(result.model, 'output').opType,
        modelOutput === 'float' ? 'Gemm' : 'DequantizeLinear',
      );
      assert.ok((await likeness(result)) > 0.99);
    }
  });

  it('keeps a rectifier that a reader in 16 bits needs', async () => {
    const { model } = await quantized({ requests: [['depthwise', { inputs: new Map([[0, 'int16']]) }]] });
    assert.equal(producer(model, 'stem_relu').opType, 'Relu');
  });

  it('writes no node whose sums can saturate, depthwise kernels and full range aside', async () => {
    const { model } = await quantized({ reduceRange: true });
    assert.deepEqual(saturatingNodes(model.graph), []);
    const depthwise = [...model.graph.initializers].find(([name]) =>
      /^depthwise\.weight.*_quantized$/.test(name),
    );
    assert.equal(Math.max(...Array.from(depthwise?.[1].data as Int8Array, Math.abs)), 127);
    const full = await quantized({ reduceRange: false });
    assert.deepEqual(saturatingNodes(full.model.graph), ['stem', 'qkv', 'projection', 'head']);
  });

  it('leaves sums in float, so that a residual stream is not rounded by each of them', async () => {
    const { model } = await quantized();
    const sum = producer(model, 'residual');
    assert.equal(sum.opType, 'Add');
    const quantize = model.graph.nodes.find((node) => node.inputs[0] === 'sum');
    assert.equal(quantize?.opType, 'GlobalAveragePool', 'read as it is');
  });

  it('shifts no channel on average where biases are corrected', async () => {
    const quantizer = await Quantizer.open(attentionModel());
    const plan = quantizer.plan({ coverage: 'fast', requests: new Map(), modelOutput: 'float' });
    await quantizer.calibrate([plan], INPUTS);
    const meansOf = async (model: OnnxModel, value: string): Promise<Float64Array> => {
      const runner = await OrtRunner.create(model, [value]);
      const means = new ChannelMeans(1);
      for (const input of INPUTS) {
        const found = (await runner.run(input)).get(value);
        assert.ok(found);
        means.add(found);
      }
      await runner.dispose();
      return means.result().means;
    };
    const wanted = await meansOf(quantizer.model, 'qkv');
    const shifts: number[] = [];
    for (const correctBias of [false, true]) {
      const method = { kind: 'max', percentile: 1 } as const;
      const { model } = quantizer.build(plan, { method, reduceRange: true, correctBias });
      const found = await meansOf(model, 'qkv_dequantized');
      shifts.push(found.reduce((sum, mean, channel) => sum + Math.abs(mean - (wanted[channel] ?? 0)), 0));
    }
    const [without = 0, corrected = 0] = shifts;
    assert.ok(corrected < without / 2, `${corrected} against ${without}`);
  });
});
