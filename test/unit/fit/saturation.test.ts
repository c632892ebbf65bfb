import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saturatingNodes, saturationNotice } from '../../../src/fit/saturatingNodes.js';
import { emptyGraph, intAttr, makeNode, type OnnxGraph } from '../../../src/onnx/OnnxModel.js';
import { scalarTensor } from '../../../src/onnx/OnnxTensor.js';
import { writeOnnx } from '../../../src/onnx/serializeOnnx.js';
import { attentionModel } from '../../helpers/attentionModel.js';

interface Given {
  readonly steps?: readonly number[];
  readonly zeroPoint?: 'uint8' | 'int8';
  readonly group?: number;
}

/** A convolution between a dequantised activation and dequantised weights. */
function qdqConv({ steps = [100, 100], zeroPoint = 'uint8', group = 1 }: Given = {}): OnnxGraph {
  const graph = emptyGraph('conv');
  const dims = [1, steps.length, 1, 1];
  graph.inputs.push({ name: 'x', dataType: zeroPoint, shape: dims });
  graph.outputs.push({ name: 'y', dataType: 'float32', shape: null });
  graph.initializers.set('w', { dataType: 'int8', dims, data: Int8Array.from(steps) });
  graph.initializers.set('s', scalarTensor('float32', 0.1));
  graph.initializers.set('z', scalarTensor(zeroPoint, 0));
  graph.nodes.push(
    makeNode('DequantizeLinear', 'a', ['x', 's', 'z'], ['activation']),
    makeNode('DequantizeLinear', 'b', ['w', 's'], ['weights']),
    makeNode('Conv', 'conv', ['activation', 'weights'], ['y'], { group: intAttr(group) }),
  );
  return graph;
}

describe('saturatingNodes', () => {
  it('names nodes of unsigned activations and large neighbours', () => {
    assert.deepEqual(saturatingNodes(qdqConv()), ['conv']);
    assert.deepEqual(saturatingNodes(qdqConv({ steps: [64, 65] })), ['conv']);
    assert.deepEqual(saturatingNodes(qdqConv({ steps: [64, 64, -127, 0, 127] })), []);
  });

  it('leaves out signed activations and depthwise kernels', () => {
    assert.deepEqual(saturatingNodes(qdqConv({ zeroPoint: 'int8' })), []);
    assert.deepEqual(saturatingNodes(qdqConv({ steps: [127], group: 8 })), []);
  });

  it('knows the integer operators of other tools', () => {
    const graph = emptyGraph('integer');
    graph.initializers.set('w', { dataType: 'int8', dims: [2, 1], data: Int8Array.of(90, 90) });
    graph.initializers.set('zero', scalarTensor('uint8', 0));
    graph.nodes.push(
      makeNode('MatMulInteger', '', ['x', 'w'], ['sums']),
      makeNode('QLinearMatMul', 'q', ['x', 's', 'zero', 'w', 's', 'zero', 's', 'zero'], ['y']),
    );
    assert.deepEqual(saturatingNodes(graph), ['sums', 'q']);
  });
});

describe('saturationNotice', () => {
  let root = '';

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'effvit-saturation-'));
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  it('reports a full-range model on a CPU without VNNI, and nothing else', async () => {
    const path = join(root, 'int8.onnx');
    const model = attentionModel();
    model.graph = qdqConv();
    await writeOnnx(path, model);
    assert.match(
      (await saturationNotice(path, false)) ?? '',
      /int8\.onnx .* no VNNI: sums of 1 of its nodes/,
    );
    assert.equal(await saturationNotice(path, true), undefined);

    const float = join(root, 'float.onnx');
    await writeOnnx(float, attentionModel());
    assert.equal(await saturationNotice(float, false), undefined);
  });

  it('leaves files that are no model to whoever loads them', async () => {
    const path = join(root, 'broken.onnx');
    await writeFile(path, 'QuantizeLinear and nothing that can be decoded');
    assert.equal(await saturationNotice(path, false), undefined);
    assert.equal(await saturationNotice(join(root, 'absent.onnx'), false), undefined);
  });
});
