import assert from 'node:assert/strict';
import { buildEfficientVit } from '../../../src/efficientvit/buildEfficientVit.js';
import { makeNode, type OnnxModel } from '../../../src/onnx/OnnxModel.js';
import { int64Vector } from '../../../src/onnx/OnnxTensor.js';
import { openBatch } from '../../../src/onnx/openBatch.js';
import { formulaWeights } from '../../helpers/formulaWeights.js';
import { plainClassifier } from '../../helpers/plainClassifier.js';

/** Each node with its attributes and the constants that it reads, whatever these are called. */
function nodesOf({ graph }: OnnxModel) {
  return graph.nodes.map(({ opType, name, inputs, attributes }) => ({
    opType,
    name,
    attributes,
    inputs: inputs.map((input) => graph.initializers.get(input)?.data ?? input),
  }));
}

describe('openBatch', () => {
  const weights = formulaWeights('m0');

  for (const opset of [11, 13, 17] as const) {
    it(`makes of a graph for one picture the one that is built for any number, at opset ${opset}`, () => {
      const single = buildEfficientVit({ variant: 'm0', weights, opset });
      const before = structuredClone(single.graph);
      const opened = openBatch(single);
      const built = buildEfficientVit({ variant: 'm0', weights, opset, batch: 'dynamic' });
      assert.deepEqual(nodesOf(opened), nodesOf(built));
      assert.deepEqual(opened.graph.inputs, built.graph.inputs);
      assert.deepEqual(opened.graph.outputs, built.graph.outputs);
      assert.deepEqual(single.graph, before, 'the graph that was given has changed');
    });
  }

  it('leaves a graph with an open batch, and one whose batch it cannot open', () => {
    for (const inputShape of [['N', 3, 16, 16], [768], [4, 3, 16, 16]]) {
      const model = plainClassifier({ inputShape });
      assert.equal(openBatch(model), model);
    }
  });

  it('opens a Reshape whose target is a node', () => {
    const model = plainClassifier();
    const { graph } = model;
    const value = graph.initializers.get('flat_shape') ?? int64Vector([]);
    graph.initializers.delete('flat_shape');
    graph.nodes.unshift(
      makeNode('Constant', 'constant', [], ['flat_shape'], { value: { type: 'tensor', value } }),
    );
    const { nodes, initializers } = openBatch(model).graph;
    const flatten = nodes.find(({ name }) => name === 'flatten');
    assert.deepEqual(initializers.get(flatten?.inputs[1] ?? '')?.data, BigInt64Array.of(0n, -1n));
  });

  it('leaves a Split of unequal parts and one of another dimension', () => {
    const model = plainClassifier();
    const { nodes, initializers } = model.graph;
    initializers.set('unequal', int64Vector([1, 2]));
    initializers.set('equal', int64Vector([1, 1]));
    const axis = { axis: { type: 'int', value: 1 } } as const;
    nodes.push(
      makeNode('Split', 'rows', ['shaped', 'unequal'], ['a', 'b']),
      makeNode('Split', 'columns', ['shaped', 'equal'], ['c', 'd'], axis),
    );
    const opened = openBatch(model).graph.nodes;
    assert.deepEqual(opened.slice(-2), nodes.slice(-2));
  });
});
