import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { openBag } from '../../../src/bag/openBag.js';
import { McapBagWriter } from '../../../src/bag/writing/McapBagWriter.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import { cameraMessages, plain, readBag } from '../../helpers/bags.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** The interpreter that has rosbags and mcap-ros2-support: a named one, else the system's. */
const python = process.env['EFFVIT_PYTHON'] ?? 'python3';

const peer = packagePath('test', 'integration', 'bag', 'rosbagsPeer.py');

const START_NS = 1_700_000_000_000_000_000n;
const COUNT = 20;

interface PeerMessage {
  topic: string;
  type: string;
  time: string;
  message: Readonly<Record<string, unknown>>;
}

function runPeer(command: string, target: string): unknown {
  const { status, stdout, stderr } = spawnSync(python, [peer, command, target], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    timeout: 120_000,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

describe('Bags of the Python package rosbags', () => {
  const scratch = scratchFolder();

  before(function () {
    const imports = 'import rosbags.rosbag2, mcap_ros2.reader, mcap.writer';
    const { status } = spawnSync(python, ['-c', imports], { encoding: 'utf8', timeout: 60_000 });
    if (status !== 0) {
      leaveOut(
        this,
        `${python} has not both rosbags and mcap-ros2-support: pip install them, or name an interpreter in EFFVIT_PYTHON.`,
      );
    }
  });

  it('are read, whatever the storage, version, compression and index', async () => {
    const names = runPeer('write', scratch.path('peer'));
    assert.ok(Array.isArray(names) && names.length >= 28, String(names));
    for (const name of names as string[]) {
      const bag = await openBag(join(scratch.path('peer'), name));
      try {
        assert.deepEqual(
          bag
            .topics()
            .map(({ name: topic, type, encoding, messageCount }) => [topic, type, encoding, messageCount]),
          [
            ['/camera/image_raw', 'sensor_msgs/msg/Image', 'cdr', COUNT],
            ['/camera/image_raw/compressed', 'sensor_msgs/msg/CompressedImage', 'cdr', COUNT],
            ['/chatter', 'std_msgs/msg/String', 'cdr', COUNT],
          ],
          name,
        );
        let count = 0;
        for await (const image of bag.imageFrames()) {
          assert.ok(image.kind === 'image', name);
          const index = count >> 1;
          const { frame } = image;
          assert.equal(
            image.logTimeNs,
            START_NS + BigInt(index) * 100_000_000n + BigInt(count % 2) * 1000n,
            name,
          );
          assert.deepEqual(frame.stamp, { sec: 100 + index, nanosec: index * 1000 }, name);
          assert.equal(frame.frameId, 'camera_optical');
          if (frame.kind === 'raw') {
            assert.deepEqual(
              [frame.widthPx, frame.heightPx, frame.strideBytes, frame.encoding],
              [8, 6, 26, 'rgb8'],
              name,
            );
            assert.deepEqual(
              [...frame.data],
              Array.from({ length: 6 * 26 }, (_, at) => (at * 7 + index) & 255),
              name,
            );
          } else {
            assert.equal(frame.format, 'bgr8; jpeg compressed bgr8');
            assert.deepEqual([...frame.data], [0xff, 0xd8, index, 0xff, 0xd9], name);
          }
          count += 1;
        }
        assert.equal(count, 2 * COUNT, name);
        assert.deepEqual(bag.warnings, [], name);
      } finally {
        await bag.close();
      }
    }
  });

  for (const [target, compression] of [
    ['out', 'zstd'],
    ['out', 'none'],
    ['out.mcap', 'zstd'],
  ] as const) {
    it(`open what this package writes: ${target}, ${compression}`, async () => {
      const messages = cameraMessages(8).filter(({ topic }) => topic !== '/chatter');
      const writer = await McapBagWriter.create(scratch.path(target), { compression, chunkBytes: 2000 });
      for (const { topic: name, type, logTimeNs, data } of messages) {
        await writer.addTopic({ name, type, qos: 'sensor' });
        await writer.writeRaw(name, data, { logTimeNs });
      }
      await writer.addTopic({ name: '/classification', type: 'vision_msgs/msg/Classification' });
      await writer.addTopic({ name: '/frames', type: 'effvit/msg/FrameReport' });
      await writer.addTopic({ name: '/statistics', type: 'effvit/msg/PipelineStatistics' });
      await writer.addTopic({ name: '/label_info', type: 'vision_msgs/msg/LabelInfo', qos: 'latched' });
      const header = { stamp: { sec: 7, nanosec: 8 }, frame_id: 'caméra_前' };
      const logTimeNs = START_NS + 3_000_000_000n;
      await writer.write(
        '/classification',
        { header, results: [{ class_id: '金魚', score: 0.75 }] },
        { logTimeNs },
      );
      await writer.write(
        '/frames',
        {
          header,
          source: '/front',
          sequence: 3n,
          results: [{ class_index: 1, label: 'Fuß', score: 0.5 }],
          delay_ns: -5n,
        },
        { logTimeNs },
      );
      await writer.write(
        '/statistics',
        {
          window: { sec: 1 },
          dropped: [{ cause: 'too_old', count: 4n }],
          cpu_load_percent: Number.NaN,
          fps: 30,
        },
        { logTimeNs },
      );
      await writer.write('/label_info', { class_map: [{ class_id: 1, class_name: 'tench' }] }, { logTimeNs });
      await writer.close();

      for (const command of target === 'out' ? ['read', 'read-mcap'] : ['read-mcap']) {
        const file = command === 'read' ? scratch.path('out') : await mcapOf(scratch.path(target));
        const {
          messages: read,
          counts,
          qos,
        } = runPeer(command, file) as {
          messages: PeerMessage[];
          counts?: Record<string, number>;
          qos?: Record<string, number>;
        };
        assert.equal(read.length, messages.length + 4);
        assert.deepEqual(
          read.slice(0, messages.length).map(({ topic, type, time }) => [topic, type, time]),
          messages.map(({ topic, type, logTimeNs: time }) => [topic, type, String(time)]),
        );
        const found = (topic: string): Readonly<Record<string, unknown>> | undefined =>
          read.find((message) => message.topic === topic)?.message;
        const theirHeader = { stamp: { sec: '7', nanosec: '8' }, frame_id: 'caméra_前' };
        assert.deepEqual(found('/classification'), {
          header: theirHeader,
          results: [{ class_id: '金魚', score: 0.75 }],
        });
        const report = found('/frames');
        assert.deepEqual(report?.['header'], theirHeader);
        assert.deepEqual(report['results'], [{ class_index: '1', label: 'Fuß', score: 0.5 }]);
        assert.equal(report['sequence'], '3');
        assert.equal(report['delay_ns'], '-5');
        const statistics = found('/statistics');
        assert.deepEqual(statistics?.['dropped'], [{ cause: 'too_old', count: '4' }]);
        assert.equal(statistics['cpu_load_percent'], null);
        assert.equal(statistics['fps'], 30);
        assert.deepEqual(found('/label_info')?.['class_map'], [{ class_id: '1', class_name: 'tench' }]);
        if (counts !== undefined) {
          assert.equal(counts['/front/image_raw'], 8);
          assert.deepEqual(new Set(Object.values(qos ?? {})), new Set([1]));
        }
      }
      const own = await readBag(scratch.path(target));
      assert.deepEqual(plain(own.messages.slice(0, messages.length)), plain(messages));
    });
  }
});

function mcapOf(path: string): string {
  return path.endsWith('.mcap') ? path : join(path, 'out_0.mcap');
}
