import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { IMAGE, mcapBytes, START_NS, STEP_NS } from '../../helpers/bags.js';
import { imageCdr } from '../../helpers/imageMessages.js';
import { NodeUnderTest } from '../../helpers/NodeUnderTest.js';
import { runEffvit } from '../../helpers/runEffvit.js';

interface Stamped {
  readonly header: { readonly stamp: { readonly sec: number } };
}

describe('effvit play over ROS', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  it('plays names without a slash, and sends nothing that is no CDR of ROS 2', async () => {
    const path = rig.path('mixed.mcap');
    const at = (index: number) => ({ logTimeNs: START_NS + BigInt(index) * STEP_NS });
    const image = (sec: number) => imageCdr({ sec, widthPx: 8, heightPx: 6, encoding: 'mono8' });
    const text = Buffer.from('{"data":"no CDR"}');
    // A message of rosgraph_msgs/Clock: 7 s.
    const clock = Uint8Array.of(0, 1, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0);
    writeFileSync(
      path,
      await mcapBytes([
        { topic: 'camera/image', type: IMAGE, data: image(1), ...at(0) },
        { topic: '/text', type: 'std_msgs/msg/String', encoding: 'json', data: text, ...at(1) },
        { topic: '/a b', type: IMAGE, data: image(9), ...at(1) },
        { topic: '/clock', type: 'rosgraph_msgs/msg/Clock', data: clock, ...at(1) },
        // A second publisher that records in another encoding.
        { topic: 'camera/image', publisher: 'b', type: IMAGE, encoding: 'json', data: text, ...at(2) },
        { topic: 'camera/image', type: IMAGE, data: image(2), ...at(3) },
      ]),
    );
    const user = await rig.startPeer();
    await user.ask({ op: 'subscribe', topic: '/camera/image', type: IMAGE });
    await user.ask({ op: 'subscribe', topic: '/text', type: 'std_msgs/msg/String' });
    await user.ask({ op: 'subscribe', topic: '/clock', type: 'rosgraph_msgs/msg/Clock' });
    const env = rig.env as Record<string, string>;
    for (const names of [[], ['--topic', 'camera/image'], ['--topic', '/camera/image']]) {
      const run = await runEffvit(['play', path, '--clock', '--wait', '60', ...names], { env });
      assert.equal(run.code, 0, run.stderr);
      assert.match(run.stdout, /^\/camera\/image: 2 messages published$/m);
      const images = await rig.takeAll<Stamped>(user, '/camera/image', 2);
      assert.deepEqual(
        images.map(({ header }) => header.stamp.sec),
        [1, 2],
      );
      assert.deepEqual(await user.ask({ op: 'take', topic: '/text' }), []);
      const clocks = await user.ask<{ clock: { sec: number } }[]>({ op: 'take', topic: '/clock' });
      assert.ok(clocks.length > 0 && clocks.every((message) => message.clock.sec > 1e9));
      if (names.length > 0) continue;
      assert.match(run.stderr, /\/text is left out: its messages are json, and ROS 2 takes cdr: convert/);
      assert.match(run.stderr, /\/a b is left out: that is no name of a ROS topic/);
      assert.match(run.stderr, /\/clock is left out: --clock tells the recording's time instead/);
    }
    const nothing = await runEffvit(['play', path, '--topic', '/text'], { env });
    assert.equal(nothing.code, 1);
    assert.match(nothing.stderr, /no topic that can be played/);
  });
});
