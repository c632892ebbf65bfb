import assert from 'node:assert/strict';
import { imageMessage } from '../../helpers/imageMessage.js';
import { type Classification, NodeUnderTest } from '../../helpers/NodeUnderTest.js';

const { NAME } = NodeUnderTest;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

describe('ROS node: signals', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  for (const signal of SIGNALS) {
    it(`leaves with 0 on ${signal} while unconfigured and while it configures`, async () => {
      const user = await rig.start();
      assert.equal(await user.lifecycleState(NAME), 'unconfigured');
      assert.equal(await rig.node.end(signal), 0, rig.output);
      await rig.startNode('-p', 'threads:=8');
      await user.nodeIsThere(NAME);
      // Its answer may be lost with the node: it is not waited for.
      const configured = user.transition(NAME, 'configure').catch(() => false);
      assert.equal(await rig.node.end(signal), 0, rig.output);
      await Promise.race([configured, user.kill()]);
    });

    it(`leaves with 0 on ${signal} while frames come quicker than it serves them`, async () => {
      const user = await rig.startActive('-p', 'threads:=1', '-p', 'queue_size:=50');
      await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image', reliable: false });
      await user.match('/image');
      const message = imageMessage(0, 2, { widthPx: 320, heightPx: 240 });
      await user.ask({ op: 'stream', topic: '/image', hz: 500, message });
      await rig.takeAll<Classification>(user, '/classification', 10);
      assert.equal(await rig.node.end(signal), 0, rig.output);
      assert.doesNotMatch(rig.output, /defect of effvit|Error:/);
    });
  }
});
