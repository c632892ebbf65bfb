import assert from 'node:assert/strict';
import fc from 'fast-check';
import { emptyGraph, makeNode } from '../../../src/onnx/OnnxModel.js';
import { consumersOf, producersOf, topologicalOrder } from '../../../src/onnx/topologicalOrder.js';

describe('topologicalOrder', () => {
  it('keeps a sorted list and puts any other right', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.infiniteStream(fc.nat(1000)), (size, stream) => {
        const next = (): number => stream.next().value ?? 0;
        const sorted = emptyGraph('g');
        for (let i = 0; i < size; i++) {
          const inputs = Array.from({ length: next() % 3 }, () => `v${next() % (i + 1) || 'in'}`);
          sorted.nodes.push(
            makeNode(
              'Op',
              `n${i}`,
              inputs.filter((name) => name !== `v${i}`),
              [`v${i}`],
            ),
          );
        }
        assert.deepEqual(topologicalOrder(sorted), sorted.nodes);
        const shuffled = { ...sorted, nodes: [...sorted.nodes].sort(() => (next() % 2) - 0.5) };
        const made = new Set<string>();
        for (const node of topologicalOrder(shuffled)) {
          for (const input of node.inputs) {
            if (producersOf(sorted).has(input)) assert.ok(made.has(input), `${node.name} before ${input}`);
          }
          for (const output of node.outputs) made.add(output);
        }
        assert.equal(made.size, size);
      }),
      { numRuns: 50 },
    );
  });

  it('names a node of a cycle, and two makers of one value', () => {
    const graph = emptyGraph('g');
    graph.nodes.push(makeNode('A', 'a', ['y'], ['x']), makeNode('B', 'b', ['x'], ['y']));
    assert.throws(() => topologicalOrder(graph), {
      code: 'BAD_MODEL',
      message: /cycle through the A node "a"/,
    });
    graph.nodes.push(makeNode('C', 'c', [], ['x']));
    assert.throws(() => producersOf(graph), { code: 'BAD_MODEL', message: /Two nodes make the value "x"/ });
  });

  it('copes with a chain of 100,000 nodes', () => {
    const graph = emptyGraph('g');
    for (let i = 99_999; i >= 0; i--) graph.nodes.push(makeNode('Op', '', [`v${i}`], [`v${i + 1}`]));
    assert.equal(topologicalOrder(graph)[0]?.outputs[0], 'v1');
  });

  it('sees values that a subgraph takes from outside', () => {
    const inner = emptyGraph('i');
    inner.nodes.push(makeNode('Add', 'add', ['x', 'local'], ['out']));
    inner.inputs.push({ name: 'local', dataType: null, shape: null });
    const graph = emptyGraph('g');
    graph.nodes.push(
      makeNode('If', 'if', ['c'], ['y'], { then_branch: { type: 'graph', value: inner } }),
      makeNode('Relu', 'r', ['c'], ['x']),
    );
    assert.deepEqual(
      topologicalOrder(graph).map((node) => node.name),
      ['r', 'if'],
    );
    assert.deepEqual(
      consumersOf(graph)
        .get('c')
        ?.map((node) => node.name),
      ['if', 'r'],
    );
    assert.equal(consumersOf(graph).has('local'), false);
  });
});
