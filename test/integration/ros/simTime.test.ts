import assert from 'node:assert/strict';
import { RAW_TOPIC, writeColourBag } from '../../helpers/colourBag.js';
import { NodeUnderTest } from '../../helpers/NodeUnderTest.js';
import { type RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { runEffvit } from '../../helpers/runEffvit.js';

interface Clock {
  readonly clock: { readonly sec: number; readonly nanosec: number };
}

interface StampedArray {
  readonly header: { readonly stamp: { readonly sec: number; readonly nanosec: number } };
}

describe('ROS node: use_sim_time', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  /** Publishes a time on /clock until the node's own messages bear it. */
  async function stampsFollow(user: RosPeer, sec: number): Promise<void> {
    let last: StampedArray | undefined;
    await waitFor(async () => {
      await user.ask({ op: 'publish', topic: '/clock', message: { clock: { sec, nanosec: 250 } } });
      const arrays = await user.ask<StampedArray[]>({ op: 'take', topic: '/diagnostics' });
      last = arrays.at(-1) ?? last;
      return last?.header.stamp.sec === sec && last.header.stamp.nanosec === 250;
    }, `a stamp of ${sec} s`).catch((error: unknown) => {
      throw new Error(`The last stamp was ${JSON.stringify(last?.header.stamp)}`, { cause: error });
    });
  }

  async function listen(user: RosPeer, isReliable: boolean): Promise<void> {
    await user.ask({
      op: 'advertise',
      topic: '/clock',
      type: 'rosgraph_msgs/msg/Clock',
      reliable: isReliable,
    });
    await user.ask({ op: 'subscribe', topic: '/diagnostics', type: 'diagnostic_msgs/msg/DiagnosticArray' });
    await user.match('/diagnostics');
  }

  for (const isReliable of [false, true]) {
    it(`follows a ${isReliable ? 'reliable' : 'best-effort'} /clock`, async () => {
      const user = await rig.start('-p', 'use_sim_time:=true', '-p', 'diagnostic_updater.period:=0.1');
      await listen(user, isReliable);
      await stampsFollow(user, 1_000);
      await stampsFollow(user, 2_000);
    });
  }

  it('follows it from when the parameter is set, and takes the time of the machine again', async () => {
    const user = await rig.start('-p', 'diagnostic_updater.period:=0.1');
    await listen(user, false);
    const { NAME } = NodeUnderTest;
    assert.equal((await user.setParameter(NAME, 'use_sim_time', true)).successful, true);
    await stampsFollow(user, 1_000);
    assert.equal((await user.setParameter(NAME, 'use_sim_time', false)).successful, true);
    await waitFor(async () => {
      const arrays = await user.ask<StampedArray[]>({ op: 'take', topic: '/diagnostics' });
      return (arrays.at(-1)?.header.stamp.sec ?? 0) > 1_600_000_000;
    }, 'a stamp of the machine');
  });

  it('is given the time between the messages of a bag, too, and from before the first', async () => {
    const bag = rig.path('drive.mcap');
    await writeColourBag(bag, 2);
    const user = await rig.startPeer();
    await user.ask({ op: 'subscribe', topic: '/clock', type: 'rosgraph_msgs/msg/Clock', reliable: false });
    // The player waits for this one, and a second longer: by then /clock is heard, too.
    await user.ask({ op: 'subscribe', topic: RAW_TOPIC, type: 'sensor_msgs/msg/Image', reliable: false });
    const args = ['play', bag, '--clock', '--rate', '0.1', '--wait', '60', '--topic', RAW_TOPIC];
    const played = await runEffvit(args, { env: rig.env as Record<string, string> });
    assert.equal(played.code, 0, played.stderr);
    const times = (await user.ask<Clock[]>({ op: 'take', topic: '/clock' })).map(
      ({ clock }) => clock.sec * 1e9 + clock.nanosec,
    );
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    const waiting = times.filter((time) => time === times[0]).length;
    assert.ok(waiting > 1, `${waiting} ticks tell the time of the first message`);
    // One second passes between the two messages: 40 ticks on a quick machine.
    const between = new Set(times).size;
    assert.ok(between >= 5, `${between} different times were told`);
  });
});
