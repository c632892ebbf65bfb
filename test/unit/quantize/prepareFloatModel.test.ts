import assert from 'node:assert/strict';
import { floatAttr, makeNode } from '../../../src/onnx/OnnxModel.js';
import { int64Vector, tensorToNumbers } from '../../../src/onnx/OnnxTensor.js';
import { prepareFloatModel } from '../../../src/quantize/prepareFloatModel.js';
import { assertRefused } from '../../helpers/assertRefused.js';
import { attentionModel } from '../../helpers/attentionModel.js';

describe('prepareFloatModel', () => {
  it('turns constants into initializers', () => {
    const model = attentionModel();
    const { graph } = model;
    graph.initializers.delete('map_shape');
    graph.nodes.push(
      makeNode('Constant', 'c', [], ['map_shape'], {
        value: { type: 'tensor', value: int64Vector([1, 4, 8, 8]) },
      }),
      makeNode('Constant', 'f', [], ['unused'], { value_float: floatAttr(2.5) }),
    );
    prepareFloatModel(model);
    assert.ok(graph.nodes.every((node) => node.opType !== 'Constant'));
    const shape = graph.initializers.get('map_shape');
    const scalar = graph.initializers.get('unused');
    assert.ok(shape !== undefined && scalar !== undefined);
    assert.deepEqual(tensorToNumbers(shape), [1, 4, 8, 8]);
    assert.deepEqual([tensorToNumbers(scalar), scalar.dims], [[2.5], []]);
  });

  it('takes identities out, but not those that make an output', () => {
    const model = attentionModel();
    const { graph } = model;
    const relu = graph.nodes.find((node) => node.name === 'stem_relu');
    assert.ok(relu);
    relu.inputs = ['renamed'];
    const head = graph.nodes.find((node) => node.name === 'head');
    assert.ok(head);
    head.outputs = ['logits'];
    graph.nodes.push(
      makeNode('Identity', '', ['stem'], ['renamed']),
      makeNode('Identity', '', ['logits'], ['output']),
    );
    prepareFloatModel(model);
    assert.deepEqual(relu.inputs, ['stem']);
    assert.deepEqual(
      graph.nodes.filter((node) => node.opType === 'Identity').map((node) => node.outputs),
      [['output']],
    );
  });

  it('names every node, each by itself, and keeps the names of the file', () => {
    const model = attentionModel();
    const [first, second, third] = model.graph.nodes;
    assert.ok(first && second && third);
    first.name = '';
    second.name = 'same';
    third.name = 'same';
    prepareFloatModel(model);
    assert.deepEqual([first.name, second.name, third.name], ['Conv_stem', 'same', 'same_1']);
    assert.equal(new Set(model.graph.nodes.map((node) => node.name)).size, model.graph.nodes.length);
  });

  it('does not count initializers as inputs', () => {
    const model = attentionModel();
    model.graph.inputs.push({ name: 'stem.weight', dataType: 'float32', shape: [12, 3, 3, 3] });
    prepareFloatModel(model);
    assert.deepEqual(
      model.graph.inputs.map((input) => input.name),
      ['data'],
    );
  });

  it('refuses a model that is quantised already', () => {
    for (const opType of ['QuantizeLinear', 'QLinearConv', 'MatMulInteger']) {
      const model = attentionModel();
      model.graph.nodes.push(makeNode(opType, 'q', ['output'], ['x']));
      assertRefused(
        () => prepareFloatModel(model),
        'BAD_MODEL',
        new RegExp(`quantised already \\(${opType} "q"\\)`),
      );
    }
  });
});
