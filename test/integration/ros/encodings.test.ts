import assert from 'node:assert/strict';
import sharp from 'sharp';
import { encodingTraits, RAW_ENCODINGS } from '../../../src/image/encodingTraits.js';
import { COLOURS } from '../../helpers/colourModel.js';
import { base64, messageOfFrame } from '../../helpers/imageMessage.js';
import { type Classification, NodeUnderTest, reliable } from '../../helpers/NodeUnderTest.js';
import { sceneFrame } from '../../helpers/scenes.js';

const SIZE = { widthPx: 64, heightPx: 48 };
const COLOUR_VALUES = [
  [200, 40, 40],
  [40, 200, 40],
  [40, 40, 200],
] as const;

/** What the colour model says of a grey picture, best first: its input is normalised as ImageNet's pictures are. */
function greyScores(level: number): number[] {
  const logits = [
    4 * 0.01712475 * (level - 123.675),
    4 * 0.017507 * (level - 116.28),
    4 * 0.01742919 * (level - 103.53),
  ];
  const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
  return logits.map((logit) => Math.exp(logit) / sum).sort((a, b) => b - a);
}

describe('ROS node: image encodings', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  it('classifies every encoding of sensor_msgs/Image, padded rows and big-endian channels too', async () => {
    const user = await rig.startActive('-p', 'queue_size:=100', ...reliable());
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    await user.match('/image');
    for (const encoding of RAW_ENCODINGS) {
      const isMono = encodingTraits(encoding).family === 'mono';
      for (const [index, colour] of COLOUR_VALUES.entries()) {
        const parts = { ...SIZE, encoding, paddingBytes: 2 * index, isBigEndian: index === 1 };
        const message = messageOfFrame(
          sceneFrame(() => colour, parts),
          index + 1,
        );
        await user.ask({ op: 'publish', topic: '/image', message });
        const [result] = await rig.takeAll<Classification>(user, '/classification', 1);
        const scores = result?.results.map(({ score }) => score) ?? [];
        assert.equal(result?.header.stamp.nanosec, index + 1, encoding);
        if (isMono) {
          for (const [rank, score] of greyScores(colour[1]).entries())
            assert.ok(Math.abs(score - (scores[rank] ?? 0)) < 0.02, `${encoding}: ${scores.join(', ')}`);
        } else {
          assert.equal(result?.results[0]?.class_id, COLOURS[index], encoding);
          assert.ok((scores[0] ?? 0) > 0.9, `${encoding}: ${scores.join(', ')}`);
        }
      }
    }
  });

  it('classifies compressed images by their content, and reports a broken one', async () => {
    const topic = '/camera/front/compressed';
    const user = await rig.startActive(
      ...['-p', 'image_transport:=compressed', '-r', 'image:=/camera/front', '-p', 'queue_size:=10'],
      ...reliable(topic),
    );
    await user.ask({ op: 'advertise', topic, type: 'sensor_msgs/msg/CompressedImage' });
    await user.ask({ op: 'subscribe', topic: '/diagnostics', type: 'diagnostic_msgs/msg/DiagnosticArray' });
    await user.match(topic);
    const publish = async (nanosec: number, format: string, data: Uint8Array): Promise<void> => {
      const header = { stamp: { sec: 7, nanosec }, frame_id: 'rear' };
      await user.ask({ op: 'publish', topic, message: { header, format, data: base64(data) } });
    };
    const picture = (channel: number) => {
      const [r, g, b] = COLOUR_VALUES[channel] ?? COLOUR_VALUES[0];
      return sharp({ create: { width: 64, height: 48, channels: 3, background: { r, g, b } } });
    };
    await publish(1, 'jpeg', new Uint8Array(100));
    await publish(2, 'bgr8; jpeg compressed bgr8', await picture(0).jpeg().toBuffer());
    await publish(3, 'rgb8; png compressed', await picture(1).png().toBuffer());
    await publish(4, 'jpg', await picture(2).jpeg().toBuffer());
    const results = await rig.takeAll<Classification>(user, '/classification', 3);
    assert.deepEqual(
      results.map(({ header, results: [best] }) => [header.stamp.nanosec, header.frame_id, best?.class_id]),
      [
        [2, 'rear', 'red'],
        [3, 'rear', 'green'],
        [4, 'rear', 'blue'],
      ],
    );
    await rig.diagnosed(user, `camera ${topic}`, /^WARN 1 messages could not be read/);
  });
});
