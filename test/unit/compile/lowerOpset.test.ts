import assert from 'node:assert/strict';
import { lowerOpset } from '../../../src/compile/lowerOpset.js';
import { emptyGraph, intAttr, makeNode, type OnnxModel, type OnnxNode } from '../../../src/onnx/OnnxModel.js';
import { int64Vector } from '../../../src/onnx/OnnxTensor.js';
import { testModel } from '../../helpers/testModel.js';

/** A model of opset 13 of these nodes. */
function modelOf(nodes: readonly OnnxNode[], version = 13): OnnxModel {
  const graph = emptyGraph('g');
  graph.nodes.push(...nodes);
  graph.initializers.set('axes', int64Vector([1]));
  graph.initializers.set('parts', int64Vector([2, 3]));
  return { ...testModel(graph), opsets: [{ domain: '', version }] };
}

const rankOf = (value: string): number | undefined => (value === 'x' ? 3 : undefined);

describe('lowerOpset', () => {
  it('turns inputs into the attributes that they were', () => {
    const model = modelOf([
      makeNode('ReduceSum', 'sum', ['x', 'axes'], ['s']),
      makeNode('Split', 'split', ['x', 'parts'], ['a', 'b']),
    ]);
    assert.deepEqual(lowerOpset(model, rankOf), []);
    assert.deepEqual(model.opsets, [{ domain: '', version: 11 }]);
    const [sum, split] = model.graph.nodes;
    assert.deepEqual(sum?.inputs, ['x']);
    assert.deepEqual(sum?.attributes.get('axes'), { type: 'ints', value: [1] });
    assert.deepEqual(split?.attributes.get('split'), { type: 'ints', value: [2, 3] });
  });

  it('keeps a softmax along the last axis, however that is written', () => {
    for (const attributes of [{}, { axis: intAttr(-1) }, { axis: intAttr(2) }]) {
      const model = modelOf([makeNode('Softmax', 'softmax', ['x'], ['y'], attributes)]);
      assert.deepEqual(lowerOpset(model, rankOf), []);
      assert.deepEqual(model.graph.nodes[0]?.attributes.get('axis'), intAttr(-1));
    }
  });

  it('refuses what would be something else, each node by its name, and changes no version', () => {
    const model = modelOf([
      makeNode('Softmax', 'inner', ['x'], ['y'], { axis: intAttr(1) }),
      makeNode('LayerNormalization', 'norm', ['y'], ['z']),
      makeNode('Unsqueeze', 'wider', ['z', 'computed'], ['o']),
      makeNode('Relu', 'fine', ['o'], ['p']),
    ]);
    const problems = lowerOpset(model, rankOf);
    assert.equal(problems.length, 3);
    assert.match(problems[0] ?? '', /Softmax inner works along axis 1, which is not the last/);
    assert.match(problems[1] ?? '', /LayerNormalization norm is not in opset 11/);
    assert.match(problems[2] ?? '', /Unsqueeze wider has axes that are computed/);
    assert.deepEqual(model.opsets, [{ domain: '', version: 13 }]);
  });

  it('leaves a model alone that is old enough, and refuses one that nobody here knows', () => {
    const old = modelOf([makeNode('Softmax', 's', ['x'], ['y'])], 11);
    assert.deepEqual(lowerOpset(old, rankOf), []);
    assert.equal(old.graph.nodes[0]?.attributes.size, 0);
    assert.match(lowerOpset(modelOf([], 99), rankOf).join(), /opset 99 is newer than/);
  });
});
