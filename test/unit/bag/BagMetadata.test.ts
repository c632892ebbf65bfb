import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readBagMetadata } from '../../../src/bag/BagMetadata.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const VERSION_9 = `rosbag2_bagfile_information:
  version: 9
  storage_identifier: mcap
  duration:
    nanoseconds: 250
  starting_time:
    nanoseconds_since_epoch: 1700000000000000001
  message_count: 3
  topics_with_message_count:
    - topic_metadata:
        name: /c
        type: sensor_msgs/msg/Image
        serialization_format: cdr
        offered_qos_profiles:
          - history: keep_last
            depth: 5
        type_description_hash: RIHS01_00
      message_count: 3
  compression_format: zstd
  compression_mode: FILE
  relative_file_paths:
    - b_0.mcap.zstd
    - b_1.mcap.zstd
  files:
    - path: b_0.mcap
      starting_time:
        nanoseconds_since_epoch: 1700000000000000001
      duration:
        nanoseconds: 250
      message_count: 3
    - path: b_1.mcap
      starting_time:
        nanoseconds_since_epoch: 9223372036854775807
      duration:
        nanoseconds: 0
      message_count: 0
  custom_data: ~
  ros_distro: jazzy
`;

const VERSION_1 = `rosbag2_bagfile_information:
  version: 1
  storage_identifier: sqlite3
  relative_file_paths:
    - bag.db3
  duration:
    nanoseconds: 0
  starting_time:
    nanoseconds_since_epoch: 0
  message_count: 0
  topics_with_message_count:
    - topic_and_type:
        name: /c
        type: a/B
        serialization_format: cdr
      message_count: 0
`;

describe('readBagMetadata', () => {
  const scratch = scratchFolder();

  async function read(text: string): ReturnType<typeof readBagMetadata> {
    writeFileSync(scratch.path('metadata.yaml'), text);
    return await readBagMetadata(scratch.path('metadata.yaml'));
  }

  it('reads version 9, with times to the nanosecond and profiles that are YAML', async () => {
    assert.deepEqual(await read(VERSION_9), {
      storageIdentifier: 'mcap',
      relativeFilePaths: ['b_0.mcap.zstd', 'b_1.mcap.zstd'],
      messageCount: 3,
      compressionMode: 'file',
      topics: [
        {
          name: '/c',
          type: 'sensor_msgs/msg/Image',
          encoding: 'cdr',
          messageCount: 3,
          qos: '- history: keep_last\n  depth: 5',
        },
      ],
      files: [
        {
          path: 'b_0.mcap',
          startNs: 1_700_000_000_000_000_001n,
          endNs: 1_700_000_000_000_000_251n,
        },
        { path: 'b_1.mcap', startNs: undefined, endNs: undefined },
      ],
    });
  });

  it('reads version 1, whose topics have another name', async () => {
    const metadata = await read(VERSION_1);
    assert.deepEqual(metadata.relativeFilePaths, ['bag.db3']);
    assert.deepEqual(metadata.topics, [
      { name: '/c', type: 'a/B', encoding: 'cdr', messageCount: 0, qos: undefined },
    ]);
    assert.deepEqual(metadata.files, []);
    assert.equal(metadata.compressionMode, '');
  });

  for (const [what, text, message] of [
    ['an empty file', '', /is no metadata of a rosbag2 recording/],
    ['a list', '- 1', /is no metadata of a rosbag2 recording/],
    ['another key', 'bag: {}', /rosbag2_bagfile_information: /],
    [
      'a missing key',
      VERSION_1.replace(/ {2}storage.*\n/, ''),
      /rosbag2_bagfile_information\.storage_identifier: /,
    ],
    ['a number for a name', VERSION_1.replace('- bag.db3', '- 5'), /relative_file_paths\.0: /],
    ['broken YAML', 'a: {', /is no YAML: [^\n]*\.$/],
    [
      'a bomb of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((name, at) => `${name}: &${name} [${`*${'abcdefg'[at]},`.repeat(9)}]`)
        .join('\n')}`,
      /is no YAML: Excessive alias count/,
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(read(text), { code: 'BAD_BAG', message });
    });
  }

  it('refuses a file that is far too long, and names a missing one', async () => {
    await assert.rejects(read(' '.repeat(17 * 1024 * 1024)), {
      code: 'BAD_BAG',
      message: /no bag's metadata/,
    });
    await assert.rejects(readBagMetadata(scratch.path('none.yaml')), {
      code: 'NOT_FOUND',
      message: /none\.yaml/,
    });
  });
});
