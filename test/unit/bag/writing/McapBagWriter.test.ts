import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { McapIndexedReader, McapStreamReader } from '@mcap/core';
import { readBagMetadata } from '../../../../src/bag/BagMetadata.js';
import { openBag } from '../../../../src/bag/openBag.js';
import type { WrittenFile } from '../../../../src/bag/writing/BagTarget.js';
import { McapBagWriter } from '../../../../src/bag/writing/McapBagWriter.js';
import { packagePath } from '../../../../src/core/packageRoot.js';
import { cameraMessages, plain, readBag, START_NS } from '../../../helpers/bags.js';
import { imageCdr } from '../../../helpers/imageMessages.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

const CLASSIFICATION = 'vision_msgs/msg/Classification';
const classification = { header: { frame_id: 'camera' }, results: [{ class_id: 'goldfish', score: 0.5 }] };

/** A disk with room for so many bytes. */
function smallDisk(bytes: number): (path: string) => Promise<WrittenFile> {
  return async (path) => {
    const file = await open(path, 'wx');
    let left = bytes;
    return {
      writeFile: async (part: Uint8Array) => {
        left -= part.byteLength;
        if (left < 0) throw new Error('ENOSPC: no space left on device, write');
        await file.writeFile(part);
      },
      sync: async () => await file.sync(),
      close: async () => await file.close(),
    };
  };
}

describe('McapBagWriter', () => {
  const scratch = scratchFolder();
  const messages = cameraMessages(10).filter(({ topic }) => topic !== '/chatter');

  async function write(
    path: string,
    options?: Parameters<typeof McapBagWriter.create>[1],
  ): Promise<McapBagWriter> {
    const writer = await McapBagWriter.create(path, options);
    for (const { topic: name, type, logTimeNs, data } of messages) {
      await writer.addTopic({ name, type, qos: 'sensor' });
      await writer.writeRaw(name, data, { logTimeNs });
    }
    await writer.addTopic({ name: '/classification', type: CLASSIFICATION });
    for (const { logTimeNs } of messages) {
      await writer.write('/classification', classification, { logTimeNs: logTimeNs + 1n, publishTimeNs: 7n });
    }
    return writer;
  }

  for (const compression of ['zstd', 'none'] as const) {
    for (const name of ['out.mcap', 'out']) {
      it(`writes ${name}, ${compression}, which is read back`, async () => {
        const writer = await write(scratch.path(name), { compression, chunkBytes: 1000 });
        assert.ok(!existsSync(scratch.path(name)), 'it appears when it is whole');
        await writer.close();
        await writer.close();
        assert.deepEqual(readdirSync(scratch.path()), [name]);
        const bag = await readBag(scratch.path(name));
        assert.deepEqual(bag.warnings, []);
        assert.deepEqual(
          plain(bag.messages.filter(({ topic }) => topic !== '/classification')),
          plain(messages),
        );
        const results = bag.messages.filter(({ topic }) => topic === '/classification');
        assert.equal(results.length, messages.length);
        assert.ok(
          results.every(({ type, publishTimeNs }) => type === CLASSIFICATION && publishTimeNs === 7n),
        );
      });
    }
  }

  it('writes what rosbag2 looks for: profile, definitions, QoS, statistics, checksums, metadata', async () => {
    await (await write(scratch.path('out.mcap'))).close();
    const bytes = readFileSync(scratch.path('out.mcap'));
    const reader = await McapIndexedReader.Initialize({
      readable: {
        size: async () => BigInt(bytes.byteLength),
        read: async (offset, size) => bytes.subarray(Number(offset), Number(offset + size)),
      },
    });
    assert.equal(reader.header.profile, 'ros2');
    assert.equal(reader.statistics?.messageCount, BigInt(messages.length * 2));
    assert.equal(reader.statistics?.messageStartTime, START_NS);
    assert.ok(reader.dataSectionCrc !== undefined);
    for (const { encoding, data } of reader.schemasById.values()) {
      assert.equal(encoding, 'ros2msg');
      assert.match(Buffer.from(data).toString(), /MSG: std_msgs\/Header/);
    }
    for (const { messageEncoding, metadata, topic } of reader.channelsById.values()) {
      assert.equal(messageEncoding, 'cdr');
      const reliability = topic === '/classification' ? 1 : 2;
      assert.match(
        metadata.get('offered_qos_profiles') ?? '',
        new RegExp(`^- history: 1\n.*reliability: ${reliability}\n`, 's'),
      );
    }
    const records = [];
    for await (const { name, metadata } of reader.readMetadata()) records.push([name, [...metadata.keys()]]);
    assert.deepEqual(records, [['rosbag2', ['serialized_metadata']]]);
    // The stream reader takes nothing on trust: every checksum, every record in its place.
    const stream = new McapStreamReader({
      includeChunks: true,
      decompressHandlers: { zstd: () => new Uint8Array(0) },
      validateCrcs: false,
    });
    stream.append(bytes);
    while (stream.nextRecord() !== undefined);
    assert.ok(stream.done());
  });

  it('describes a folder for rosbag2', async () => {
    await (await write(scratch.path('out'))).close();
    assert.deepEqual(readdirSync(scratch.path('out')).sort(), ['metadata.yaml', 'out_0.mcap']);
    const metadata = await readBagMetadata(scratch.path('out', 'metadata.yaml'));
    assert.equal(metadata.messageCount, 40);
    assert.deepEqual(metadata.relativeFilePaths, ['out_0.mcap']);
    assert.deepEqual(metadata.files, [
      {
        path: 'out_0.mcap',
        startNs: START_NS,
        endNs: (messages.at(-1)?.logTimeNs ?? 0n) + 1n,
      },
    ]);
    assert.deepEqual(
      metadata.topics.map(({ name, messageCount }) => [name, messageCount]),
      [
        ['/front/image_raw', 10],
        ['/rear/image_raw/compressed', 10],
        ['/classification', 20],
      ],
    );
    assert.ok(metadata.topics.every(({ qos }) => qos?.includes('avoid_ros_namespace_conventions: false')));
    const text = readFileSync(scratch.path('out', 'metadata.yaml'), 'utf8');
    assert.match(text, /^ {2}version: 5$/m);
    assert.match(text, /nanoseconds_since_epoch: 1700000000000000000$/m);
  });

  it('writes a recording without messages', async () => {
    for (const name of ['out', 'out.mcap']) {
      const writer = await McapBagWriter.create(scratch.path(name));
      await writer.addTopic({ name: '/classification', type: CLASSIFICATION });
      await writer.close();
      const bag = await openBag(scratch.path(name));
      assert.deepEqual(
        bag.topics().map(({ name: topic, messageCount }) => [topic, messageCount]),
        [['/classification', 0]],
      );
      assert.equal(bag.startNs, undefined);
      await bag.close();
    }
  });

  it('keeps the order of calls that nobody waited for', async () => {
    const writer = await McapBagWriter.create(scratch.path('out.mcap'), { chunkBytes: 100 });
    const calls = [writer.addTopic({ name: '/i', type: 'sensor_msgs/msg/Image' })];
    for (let at = 0; at < 50; at++) {
      calls.push(writer.writeRaw('/i', imageCdr({ sec: at }), { logTimeNs: START_NS }));
    }
    calls.push(writer.close());
    await Promise.all(calls);
    const bag = await openBag(scratch.path('out.mcap'));
    let next = 0;
    for await (const image of bag.imageFrames()) {
      assert.ok(image.kind === 'image');
      assert.equal(image.frame.stamp.sec, next++);
    }
    assert.equal(next, 50);
    await bag.close();
  });

  it('leaves nothing behind when it is aborted, and an existing file as it was', async () => {
    writeFileSync(scratch.path('out.mcap'), 'older');
    for (const name of ['out.mcap', 'out']) {
      const writer = await write(scratch.path(name));
      assert.ok(readdirSync(scratch.path()).some((file) => file.endsWith('.part')));
      await writer.abort();
      await writer.abort();
      await assert.rejects(writer.writeRaw('/a', new Uint8Array(4), { logTimeNs: 0n }), { code: 'CLOSED' });
      await assert.rejects(writer.close(), { code: 'CLOSED' });
    }
    assert.deepEqual(readdirSync(scratch.path()), ['out.mcap']);
    assert.equal(readFileSync(scratch.path('out.mcap'), 'utf8'), 'older');
    const writer = await write(scratch.path('out.mcap'));
    await writer.close();
    await writer.abort();
    assert.ok(statSync(scratch.path('out.mcap')).size > 1000);
  });

  for (const [moment, bytes] of [
    ['at the start', 10],
    ['while writing', 2500],
    ['in the index', 4700],
  ] as const) {
    it(`says that the disk is full ${moment} and leaves nothing behind`, async () => {
      const options = { compression: 'none', chunkBytes: 500, openFile: smallDisk(bytes) } as const;
      await assert.rejects(async () => await (await write(scratch.path('out.mcap'), options)).close(), {
        code: 'IO_FAILED',
        message: /ENOSPC: no space left on device/,
      });
      assert.deepEqual(readdirSync(scratch.path()), []);
    });
  }

  it('goes on failing with the first failure', async () => {
    const writer = await McapBagWriter.create(scratch.path('out.mcap'), {
      compression: 'none',
      chunkBytes: 10,
      openFile: smallDisk(1200),
    });
    await writer.addTopic({ name: '/i', type: 'sensor_msgs/msg/Image' });
    const big = imageCdr({ data: new Uint8Array(2000) });
    await assert.rejects(writer.writeRaw('/i', big, { logTimeNs: 0n }), /ENOSPC/);
    await assert.rejects(writer.writeRaw('/i', big, { logTimeNs: 0n }), /ENOSPC/);
    await assert.rejects(writer.close(), /ENOSPC/);
    await writer.abort();
  });

  it('refuses wrong use and stays usable', async () => {
    const writer = await McapBagWriter.create(scratch.path('out.mcap'));
    await writer.addTopic({ name: '/c', type: CLASSIFICATION });
    await writer.addTopic({ name: '/c', type: CLASSIFICATION });
    await assert.rejects(writer.addTopic({ name: '/c', type: 'std_msgs/msg/Header' }), {
      code: 'BAD_ARGUMENT',
      message: /\/c has vision_msgs\/msg\/Classification messages, not std_msgs\/msg\/Header/,
    });
    await assert.rejects(writer.addTopic({ name: '/d', type: 'x_msgs/msg/X' }), { code: 'NOT_FOUND' });
    await assert.rejects(writer.write('/d', {}, { logTimeNs: 0n }), {
      code: 'BAD_ARGUMENT',
      message: /was not added/,
    });
    await assert.rejects(writer.write('/c', { nothing: 1 }, { logTimeNs: 0n }), { code: 'BAD_ARGUMENT' });
    await assert.rejects(writer.write('/c', {}, { logTimeNs: -1n }), { code: 'BAD_ARGUMENT' });
    await assert.rejects(writer.write('/c', {}, { logTimeNs: 2n ** 63n }), { code: 'BAD_ARGUMENT' });
    await writer.write('/c', classification, { logTimeNs: 1n });
    await writer.close();
    assert.equal((await readBag(scratch.path('out.mcap'))).messages.length, 1);
  });

  it('refuses a folder that is there, and takes an empty one', async () => {
    mkdirSync(scratch.path('full'));
    writeFileSync(scratch.path('full', 'a'), '');
    await assert.rejects(McapBagWriter.create(scratch.path('full')), {
      code: 'BAD_ARGUMENT',
      message:
        /full exists already; remove it or name another \(a name that ends in \.mcap makes a single file\)/,
    });
    mkdirSync(scratch.path('dir.mcap'));
    await assert.rejects(McapBagWriter.create(scratch.path('dir.mcap')), { code: 'BAD_ARGUMENT' });
    mkdirSync(scratch.path('empty'));
    await (await write(scratch.path('empty'))).close();
    assert.equal((await readBag(scratch.path('empty'))).messages.length, 40);
    writeFileSync(scratch.path('file'), '');
    await assert.rejects(McapBagWriter.create(scratch.path('file', 'out.mcap')), { code: 'IO_FAILED' });
    assert.deepEqual(readdirSync(scratch.path()).sort(), ['dir.mcap', 'empty', 'file', 'full']);
  });

  it('leaves nothing behind where an executable of this package exits before it is closed', () => {
    const built = (...path: readonly string[]): string =>
      pathToFileURL(packagePath('build', 'src', ...path)).href;
    const script = `
      (await import('${built('core', 'processExit.js')}')).ownProcessExit();
      const { McapBagWriter } = await import('${built('bag', 'writing', 'McapBagWriter.js')}');
      for (const name of ['a.mcap', 'b']) {
        const writer = await McapBagWriter.create(process.argv[1] + '/' + name);
        await writer.addTopic({ name: '/c', type: '${CLASSIFICATION}' });
      }
      console.log((await import('node:fs')).readdirSync(process.argv[1]).length);
      process.exit(0);`;
    const done = spawnSync(process.execPath, ['--input-type=module', '-e', script, scratch.path()], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.equal(done.stdout.trim(), '2', done.stderr);
    assert.deepEqual(readdirSync(scratch.path()), []);
  });

  it('makes missing folders', async () => {
    await (await write(scratch.path('a', 'b', 'out.mcap'))).close();
    assert.ok(existsSync(scratch.path('a', 'b', 'out.mcap')));
  });
});
