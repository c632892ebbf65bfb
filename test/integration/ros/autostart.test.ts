import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { NodeUnderTest } from '../../helpers/NodeUnderTest.js';
import { waitFor } from '../../helpers/RosPeer.js';

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

  it('says without it that it waits, and for what; and tells what nobody takes of its parameters', async () => {
    const path = rig.path('other.yaml');
    writeFileSync(path, 'other_node:\n  ros__parameters:\n    threads: 4\n');
    await rig.startNode('--params-file', path);
    const said = (pattern: RegExp): Promise<void> =>
      waitFor(() => Promise.resolve(pattern.test(rig.output)), String(pattern));
    await said(/\/classifier is unconfigured: go on with `ros2 lifecycle set \/classifier configure`/);
    await said(/parameter files name \/?other_node, not \/classifier/);
    await rig.node.end();
    await rig.startNode('-p', 'treads:=3');
    await said(/There is no parameter treads: .* Did you mean threads\?/);
    await rig.node.end();
    await rig.startNode('-p', 'image_topics:=[]');
    assert.equal(await rig.node.ended(), 1, rig.output);
    assert.match(rig.output, /image_topics in the command line is an empty list/);
  });

  it('ends with the reason where it cannot be configured', async () => {
    await rig.startNode('--autostart', '-p', 'model:=nowhere');
    assert.equal(await rig.node.ended(), 1, rig.output);
    assert.match(rig.output, /nowhere/);
  });
});
