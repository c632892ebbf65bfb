import assert from 'node:assert/strict';
import { encodeVideo, hasEncoder } from '../../helpers/encodeVideo.js';
import { base64 } from '../../helpers/imageMessage.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { type Classification, NodeUnderTest, reliable } from '../../helpers/NodeUnderTest.js';

const TYPE = 'hbm_img_msgs/msg/HbmH26XFrame';
const DATA_BYTES = 512_000;

/** hbm_img_msgs/HbmH26XFrame as hobot_codec fills it. */
function h264Message(packet: Uint8Array, nanosec: number): object {
  const data = new Uint8Array(DATA_BYTES);
  data.set(packet);
  return {
    index: nanosec,
    dts: { sec: 0, nanosec: 0 },
    pts: { sec: 7, nanosec },
    encoding: base64(Buffer.from('h264'.padEnd(12, '\0'), 'latin1')),
    height: 48,
    width: 64,
    data: base64(data),
    data_size: packet.length,
  };
}

describe('ROS node: video', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  before(function () {
    if (!hasEncoder('libx264')) leaveOut(this, 'there is no ffmpeg with libx264 on PATH');
  });

  it('classifies an H.264 camera from its next key frame on, each picture with its own stamp', async () => {
    const topic = '/h26x_img';
    const user = await rig.startActive(
      ...['-r', `image:=${topic}`, '-p', 'queue_size:=100'],
      ...reliable(topic),
    );
    await user.ask({ op: 'subscribe', topic: '/diagnostics', type: 'diagnostic_msgs/msg/DiagnosticArray' });
    await user.ask({ op: 'advertise', topic, type: TYPE });
    await user.match(topic);
    const packets = encodeVideo({
      encoder: 'libx264',
      widthPx: 64,
      heightPx: 48,
      count: 20,
      interval: 10,
    });
    for (const [number, packet] of packets.entries()) {
      if (number < 7) continue;
      await user.ask({ op: 'publish', topic, message: h264Message(packet, number) });
    }
    const results = await rig.takeAll<Classification>(user, '/classification', 10);
    assert.deepEqual(
      results.map(({ header }) => [header.stamp.nanosec, header.frame_id]),
      Array.from({ length: 10 }, (_, index) => [10 + index, String(10 + index)]),
    );
    await rig.diagnosed(user, `camera ${topic}`, /waits for a key frame/);
  });
});
