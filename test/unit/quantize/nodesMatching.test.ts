import assert from 'node:assert/strict';
import { nodesMatching } from '../../../src/quantize/nodeRequests.js';
import { assertRefused } from '../../helpers/assertRefused.js';
import { attentionModel } from '../../helpers/attentionModel.js';

describe('nodesMatching', () => {
  const { graph } = attentionModel();

  it('finds a node by its name, and only that', () => {
    assert.deepEqual(nodesMatching(graph, 'mixed'), ['mixed']);
  });

  it('takes a star for any text', () => {
    assert.deepEqual(nodesMatching(graph, 'softmax*'), ['softmax', 'softmax_columns']);
    assert.deepEqual(nodesMatching(graph, '*_relu'), ['stem_relu', 'mixed_relu']);
    assert.equal(nodesMatching(graph, '*').length, graph.nodes.length);
  });

  it('takes every other sign as it stands', () => {
    const odd = { ...graph, nodes: graph.nodes.map((node) => ({ ...node, name: `/a.b(${node.name})[0]` })) };
    assert.deepEqual(nodesMatching(odd, '/a.b(head)[*]'), ['/a.b(head)[0]']);
    assertRefused(() => nodesMatching(odd, '/aXb(head)[0]'), 'BAD_ARGUMENT', /nearest: \/a\.b\(head\)\[0\]/);
  });

  it('refuses what means none', () => {
    assertRefused(() => nodesMatching(graph, '*Softmax*'), 'BAD_ARGUMENT', /no node \*Softmax\*/);
  });
});
