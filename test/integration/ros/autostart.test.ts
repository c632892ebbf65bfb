import assert from 'node:assert/strict';
import { NodeUnderTest } from '../../helpers/NodeUnderTest.js';

const { NAME } = NodeUnderTest;

describe('effvit node --autostart', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  it('is active without anybody asking, and leaves with 0', async () => {
    const user = await rig.start('--autostart');
    await user.ask({
      op: 'subscribe',
      topic: '/classifier/statistics',
      type: 'effvit/msg/PipelineStatistics',
    });
    await rig.takeAll(user, '/classifier/statistics', 1);
    assert.equal(await user.lifecycleState(NAME), 'active');
    assert.equal(await rig.node.end(), 0, rig.output);
  });

  it('ends with the reason where it cannot be configured', async () => {
    await rig.startNode('--autostart', '-p', 'model:=nowhere');
    assert.equal(await rig.node.ended(), 1, rig.output);
    assert.match(rig.output, /nowhere/);
  });
});
