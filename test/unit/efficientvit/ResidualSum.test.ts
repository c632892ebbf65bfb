import assert from 'node:assert/strict';
import { GraphBuilder, ResidualSum } from '../../../src/efficientvit/GraphBuilder.js';

describe('ResidualSum', () => {
  it('sums the branches by themselves and adds the base to each partial sum', () => {
    const builder = new GraphBuilder('sums', 11, new Map());
    const port = (name: string) => builder.input({ name, dataType: 'float32', shape: [1, 2, 3, 3] });
    const sum = new ResidualSum(builder, port('base'));
    assert.equal(sum.value.name, 'base');
    for (const name of ['a', 'b', 'c']) sum.add(`/${name}`, port(name));
    assert.deepEqual(
      builder.graph.nodes.map(({ name, opType, inputs }) => [name, opType, ...inputs]),
      [
        ['/a/Add', 'Add', 'base', 'a'],
        ['/b/branches/Add', 'Add', 'a', 'b'],
        ['/b/Add', 'Add', 'base', '/b/branches/Add_output_0'],
        ['/c/branches/Add', 'Add', '/b/branches/Add_output_0', 'c'],
        ['/c/Add', 'Add', 'base', '/c/branches/Add_output_0'],
      ],
    );
    assert.deepEqual(sum.value, { name: '/c/Add_output_0', dataType: 'float32', shape: [1, 2, 3, 3] });
  });
});
