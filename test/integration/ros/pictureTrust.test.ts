import assert from 'node:assert/strict';
import { type CameraFault, faultyPicture, HEIGHT_PX, WIDTH_PX } from '../../helpers/faultyCamera.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import {
  type Classification,
  type Diagnostics,
  NodeUnderTest,
  reliable,
} from '../../helpers/NodeUnderTest.js';
import type { RosPeer } from '../../helpers/RosPeer.js';

const { NAME } = NodeUnderTest;

interface FrameReport {
  readonly results: object[];
  readonly unknown_causes: string[];
  readonly has_picture_figures: boolean;
  readonly brightness: number;
  readonly unchanged_ns: number;
  readonly picture_problems: string[];
}

describe('ROS node: trust in the picture', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  async function started(...args: readonly string[]): Promise<RosPeer> {
    const user = await rig.startActive(...reliable(), ...args);
    await user.ask({ op: 'subscribe', topic: `${NAME}/frames`, type: 'effvit/msg/FrameReport' });
    await user.ask({ op: 'subscribe', topic: '/diagnostics', type: 'diagnostic_msgs/msg/DiagnosticArray' });
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    for (const topic of [`${NAME}/frames`, '/diagnostics', '/image']) await user.match(topic);
    return user;
  }

  let sent = 0;
  /** Frames of a camera, half a second apart by their stamps; each is sent when the one before is through. */
  async function send(user: RosPeer, fault: CameraFault, count: number): Promise<FrameReport[]> {
    const reports: FrameReport[] = [];
    for (let frame = 0; frame < count; frame++) {
      sent += 1;
      const message = imageMessage((sent % 2) * 5e8, 0, {
        sec: 100 + Math.floor(sent / 2),
        widthPx: WIDTH_PX,
        heightPx: HEIGHT_PX,
        data: faultyPicture(fault, frame),
      });
      await user.ask({ op: 'publish', topic: '/image', message });
      reports.push(...(await rig.takeAll<FrameReport>(user, `${NAME}/frames`, 1)));
    }
    return reports;
  }

  it('reports a covered and a frozen camera, and makes their frames UNKNOWN once the parameter says so', async () => {
    const user = await started('-p', 'picture_checks:=report');
    const [good] = await send(user, 'good', 1);
    assert.deepEqual([good?.has_picture_figures, good?.picture_problems], [true, []]);
    assert.ok((good?.brightness ?? 0) > 80);

    const covered = await send(user, 'covered', 4);
    for (const report of covered) {
      assert.deepEqual(report.picture_problems, ['covered', 'too_dark', 'low_contrast']);
      assert.deepEqual(report.unknown_causes, []);
      assert.equal(report.results.length, 3);
    }
    await rig.diagnosed(
      user,
      'camera /image',
      /^ERROR covered: flat_share 1\.00 is above max_flat_share 0\.9/,
    );

    assert.equal((await user.setParameter(NAME, 'picture_checks', 'unknown')).successful, true);
    await rig.takeAll(user, '/classification', 5);
    const [unknown] = await send(user, 'covered', 1);
    assert.deepEqual(unknown?.unknown_causes, ['covered', 'too_dark', 'low_contrast']);
    assert.deepEqual(unknown?.results, []);
    const [empty] = await rig.takeAll<Classification>(user, '/classification', 1);
    assert.deepEqual(empty?.results, []);

    const frozen = await send(user, 'frozen', 12);
    // More than 2 s, at half a second a frame: from the sixth on.
    assert.deepEqual(
      frozen.map(({ unknown_causes }) => unknown_causes.length),
      [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1],
    );
    assert.deepEqual(frozen[11]?.unknown_causes, ['frozen']);
    assert.equal(frozen[11]?.unchanged_ns, 5.5e9);
  });

  it('measures nothing unless it is asked to', async () => {
    const user = await started();
    const [report] = await send(user, 'covered', 1);
    assert.deepEqual([report?.has_picture_figures, report?.picture_problems], [false, []]);
    assert.equal(report?.results.length, 3);
    await rig.diagnosed(user, 'camera /image', /./);
    const arrays = await rig.takeAll<Diagnostics>(user, '/diagnostics', 1);
    const camera = arrays.at(-1)?.status.find(({ name }) => name.endsWith('camera /image'));
    assert.equal(
      camera?.values.some(({ key }) => key === 'brightness'),
      false,
    );
  });
});
