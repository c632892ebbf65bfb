import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { compress, isLoaded } from '@foxglove/wasm-zstd';
import { openBag } from '../../../src/bag/openBag.js';
import {
  cameraMessages,
  mcapBytes,
  plain,
  readBag,
  STEP_NS,
  writeFolder,
  writeSqlite,
} from '../../helpers/bags.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('openBag', () => {
  const scratch = scratchFolder();
  const messages = cameraMessages(12);

  before(async () => {
    await isLoaded;
  });

  for (const compression of ['', 'zstd', 'lz4'] as const) {
    for (const [layout, options] of Object.entries({
      indexed: {},
      'without chunk index': { useChunkIndex: false },
      'without message index': { useMessageIndex: false },
      'without any index': {
        useChunkIndex: false,
        useMessageIndex: false,
        useStatistics: false,
        useSummaryOffsets: false,
        repeatChannels: false,
        repeatSchemas: false,
      },
      'without repeated channels': { repeatChannels: false, repeatSchemas: false },
      'in one chunk': { chunkSize: 1e6 },
    })) {
      it(`reads MCAP, ${compression || 'not compressed'}, ${layout}`, async () => {
        writeFileSync(scratch.path('a.mcap'), await mcapBytes(messages, { compression, ...options }));
        const bag = await readBag(scratch.path('a.mcap'));
        assert.deepEqual(plain(bag.messages), plain(messages));
        assert.deepEqual(bag.warnings, []);
        assert.deepEqual(
          bag.messages.map(({ sequence, publishTimeNs }) => [sequence, publishTimeNs]),
          messages.map(({ logTimeNs }, at) => [at, logTimeNs - 5n]),
        );
      });
    }
  }

  it('reads MCAP without chunks, as the preset fastwrite makes it', async () => {
    writeFileSync(scratch.path('a.mcap'), await mcapBytes(messages, { useChunks: false }));
    const bag = await readBag(scratch.path('a.mcap'));
    assert.deepEqual(plain(bag.messages), plain(messages));
    assert.deepEqual(bag.warnings, []);
  });

  for (const withQos of [true, false]) {
    for (const withIndex of [true, false]) {
      it(`reads sqlite3, ${withQos ? 'with' : 'without'} QoS, ${withIndex ? 'with' : 'without'} index`, async () => {
        // Recorded out of order.
        writeSqlite(scratch.path('a.db3'), [...messages].reverse(), { withQos, withIndex });
        const bag = await readBag(scratch.path('a.db3'));
        assert.deepEqual(plain(bag.messages), plain(messages));
        assert.deepEqual(bag.warnings, []);
      });
    }
  }

  it('reads files that are compressed as a whole, and leaves nothing behind', async () => {
    writeSqlite(scratch.path('a.db3'), messages);
    writeFileSync(scratch.path('a.db3.zstd'), compress(readFileSync(scratch.path('a.db3')), 3));
    writeFileSync(scratch.path('a.mcap.zstd'), compress(await mcapBytes(messages), 3));
    mkdirSync(scratch.path('tmp'));
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = scratch.path('tmp');
    try {
      for (const name of ['a.db3.zstd', 'a.mcap.zstd']) {
        const bag = await openBag(scratch.path(name));
        assert.notDeepEqual(readdirSync(scratch.path('tmp')), []);
        const read = [];
        for await (const message of bag.messages()) read.push(message);
        assert.deepEqual(plain(read), plain(messages));
        assert.deepEqual(bag.warnings, []);
        await bag.close();
        await bag.close();
        assert.deepEqual(readdirSync(scratch.path('tmp')), []);
      }
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
  });

  it('detects and reads messages that are compressed one by one', async () => {
    const compressed = messages.map((message) => ({ ...message, data: compress(message.data, 3) }));
    writeSqlite(scratch.path('a.db3'), compressed);
    writeFileSync(scratch.path('a.mcap'), await mcapBytes(compressed));
    for (const name of ['a.db3', 'a.mcap']) {
      assert.deepEqual(plain((await readBag(scratch.path(name))).messages), plain(messages));
    }
  });

  it('counts compressed messages that are corrupted', async () => {
    const [first, second, ...others] = messages.map((message) => ({
      ...message,
      data: compress(message.data, 3),
    }));
    assert.ok(first !== undefined && second !== undefined);
    const broken = { ...second, data: second.data.subarray(0, second.data.byteLength - 6) };
    writeFileSync(scratch.path('a.mcap'), await mcapBytes([first, broken, ...others]));
    const bag = await readBag(scratch.path('a.mcap'));
    assert.equal(bag.messages.length, messages.length - 1);
    assert.match(bag.warnings.join(), /1 compressed messages of .*a\.mcap are missing: zstd data is cut off/);
  });

  describe('of a folder', () => {
    const parts = [messages.slice(0, 12), messages.slice(12, 24), messages.slice(24)];

    for (const storage of ['mcap', 'sqlite3'] as const) {
      for (const mode of ['', 'file', 'message', 'FILE'] as const) {
        it(`reads several files of ${storage}, compression mode '${mode}'`, async () => {
          const suffix = storage === 'mcap' ? 'mcap' : 'db3';
          const files = [];
          for (const [at, part] of parts.entries()) {
            const stored = mode === 'message' ? part.map((m) => ({ ...m, data: compress(m.data, 3) })) : part;
            let bytes: Uint8Array;
            if (storage === 'mcap') bytes = await mcapBytes(stored);
            else {
              writeSqlite(scratch.path(`plain_${at}.db3`), stored);
              bytes = readFileSync(scratch.path(`plain_${at}.db3`));
            }
            const isWhole = mode.toLowerCase() === 'file';
            files.push({
              name: `bag_${at}.${suffix}${isWhole ? '.zstd' : ''}`,
              bytes: isWhole ? compress(bytes, 3) : bytes,
              messages: part,
            });
          }
          writeFolder(scratch.path('bag'), files, { storage, mode });
          const bag = await openBag(scratch.path('bag'));
          try {
            assert.deepEqual(
              bag.topics().map(({ name, messageCount, qos }) => ({ name, messageCount, qos })),
              ['/chatter', '/front/image_raw', '/rear/image_raw/compressed'].map((name) => ({
                name,
                messageCount: 12,
                qos: '- history: 1',
              })),
            );
            assert.equal(bag.startNs, messages[0]?.logTimeNs);
            assert.equal(bag.endNs, messages.at(-1)?.logTimeNs);
            // Twice: a second pass finds the files open already.
            for (let pass = 0; pass < 2; pass++) {
              const read = [];
              for await (const message of bag.messages()) read.push(message);
              assert.deepEqual(plain(read), plain(messages));
            }
            assert.deepEqual(bag.warnings, []);
          } finally {
            await bag.close();
          }
        });
      }
    }

    it('merges files whose times overlap', async () => {
      const even = messages.filter((_, at) => at % 2 === 0);
      const odd = messages.filter((_, at) => at % 2 === 1);
      writeFolder(scratch.path('bag'), [
        { name: 'b_0.mcap', bytes: await mcapBytes(even), messages: even },
        { name: 'b_1.mcap', bytes: await mcapBytes(odd), messages: odd },
      ]);
      assert.deepEqual(plain((await readBag(scratch.path('bag'))).messages), plain(messages));
    });

    it('finds files whose names carry the name of the folder, as before version 4', async () => {
      writeFolder(scratch.path('bag'), [{ name: 'b_0.db3', messages }], {
        version: 2,
        prefix: 'bag/',
        storage: 'sqlite3',
      });
      const bag = await readBag(scratch.path('bag'));
      assert.equal(bag.messages.length, messages.length);
      assert.deepEqual(bag.warnings, []);
    });

    it('reads all files of a folder without metadata, in the order of their numbers, and says so', async () => {
      mkdirSync(scratch.path('bag'));
      for (const [name, part] of [
        ['b_9.mcap', parts[0]],
        ['b_10.mcap', parts[1]],
        ['b_11.mcap', parts[2]],
      ] as const) {
        writeFileSync(scratch.path('bag', name), await mcapBytes(part ?? []));
      }
      const bag = await readBag(scratch.path('bag'));
      assert.deepEqual(plain(bag.messages), plain(messages));
      assert.match(bag.warnings.join(), /has no metadata\.yaml/);
    });

    for (const [what, text] of Object.entries({
      'is cut off': 'rosbag2_bagfile_information:\n  version: 5\n  stor',
      'is no YAML': '{{{',
      'is empty': '',
      'is binary': '\0\x01\x02\xff',
    })) {
      it(`reads all files where the metadata ${what}, and says so`, async () => {
        mkdirSync(scratch.path('bag'));
        writeFileSync(scratch.path('bag', 'b_0.mcap'), await mcapBytes(messages));
        writeFileSync(scratch.path('bag', 'metadata.yaml'), text);
        const bag = await readBag(scratch.path('bag'));
        assert.equal(bag.messages.length, messages.length);
        assert.match(bag.warnings.join(), /metadata\.yaml is no .* All files of the folder are read/);
      });
    }

    it('says which files are absent and which are unreadable, and reads the others', async () => {
      const files = [];
      for (const [at, part] of parts.entries()) {
        files.push({ name: `b_${at}.mcap`, bytes: await mcapBytes(part), messages: part });
      }
      writeFolder(scratch.path('bag'), files);
      rmSync(scratch.path('bag', 'b_0.mcap'));
      writeFileSync(scratch.path('bag', 'b_2.mcap'), 'no bag at all');
      const bag = await readBag(scratch.path('bag'));
      assert.deepEqual(plain(bag.messages), plain(parts[1] ?? []));
      assert.match(bag.warnings.join('\n'), /lacks b_0\.mcap/);
      assert.match(bag.warnings.join('\n'), /b_2\.mcap is missing from the bag: .* is no bag/);
      assert.match(bag.warnings.join('\n'), /has 12 messages where its metadata\.yaml counts 36/);
    });

    it('never leaves the folder for a file', async () => {
      const bytes = await mcapBytes(messages);
      writeFolder(scratch.path('bag'), [{ name: 'b_0.mcap', bytes, messages }], { prefix: '../outside/' });
      mkdirSync(scratch.path('outside'));
      writeFileSync(scratch.path('outside', 'b_0.mcap'), await mcapBytes(messages.slice(0, 3)));
      assert.equal((await readBag(scratch.path('bag'))).messages.length, messages.length);
    });

    it('refuses a folder that is no bag', async () => {
      mkdirSync(scratch.path('empty'));
      await assert.rejects(openBag(scratch.path('empty')), {
        code: 'BAD_BAG',
        message: /neither metadata\.yaml nor/,
      });
      writeFolder(scratch.path('lost'), [{ name: 'b_0.mcap', bytes: new Uint8Array(0), messages }]);
      rmSync(scratch.path('lost', 'b_0.mcap'));
      await assert.rejects(openBag(scratch.path('lost')), {
        code: 'BAD_BAG',
        message: /has none of the 1 files/,
      });
      writeFolder(scratch.path('none'), []);
      await assert.rejects(openBag(scratch.path('none')), {
        code: 'BAD_BAG',
        message: /without storage files/,
      });
      writeFolder(scratch.path('other'), [{ name: 'b_0.bin', bytes: Buffer.from('something'), messages }], {
        storage: 'my_storage',
      });
      await assert.rejects(openBag(scratch.path('other')), {
        code: 'UNSUPPORTED',
        message: /Storage 'my_storage' is not known; mcap and sqlite3 are read/,
      });
      const bad = { name: 'b_0.mcap', bytes: Buffer.from('x'), messages };
      writeFolder(scratch.path('bad'), [bad, { ...bad, name: 'b_1.mcap' }]);
      await assert.rejects(openBag(scratch.path('bad')), {
        code: 'BAD_BAG',
        message: /no file that can be read/,
      });
    });
  });

  it('refuses what is no bag in one sentence', async () => {
    await assert.rejects(openBag(scratch.path('none')), {
      code: 'NOT_FOUND',
      message: /There is no bag at .*none/,
    });
    for (const [content, message] of [
      ['', /is empty/],
      ['hello', /is no bag: it begins neither/],
      ['\x89PNG\r\n\x1a\n0000000000000000', /is no bag/],
      ['#ROSBAG V2.0\n', /is a ROS 1 bag; convert it/],
      ['SQLite format 3\0', /Cannot read the database/],
    ] as const) {
      writeFileSync(scratch.path('file'), content, 'latin1');
      await assert.rejects(openBag(scratch.path('file')), message);
    }
    symlinkSync(scratch.path('nowhere'), scratch.path('dangling'));
    await assert.rejects(openBag(scratch.path('dangling')), { code: 'NOT_FOUND' });
    await assert.rejects(openBag('/dev/null'), { code: 'BAD_BAG', message: /is no regular file/ });
  });

  it('reads the same bag twice at once', async () => {
    writeSqlite(scratch.path('a.db3'), messages);
    const [one, two] = await Promise.all([readBag(scratch.path('a.db3')), readBag(scratch.path('a.db3'))]);
    assert.deepEqual(plain(one.messages), plain(two.messages));
    assert.equal(one.messages.length, messages.length);
  });

  it('gives a span of time', async () => {
    writeSqlite(scratch.path('a.db3'), messages);
    writeFileSync(scratch.path('a.mcap'), await mcapBytes(messages));
    const [first] = messages;
    assert.ok(first !== undefined);
    const startNs = first.logTimeNs + STEP_NS * 3n + 1n;
    const endNs = first.logTimeNs + STEP_NS * 6n;
    const expected = messages.filter(({ logTimeNs }) => logTimeNs >= startNs && logTimeNs <= endNs);
    assert.equal(expected.length, 9);
    for (const name of ['a.db3', 'a.mcap']) {
      assert.deepEqual(
        plain((await readBag(scratch.path(name), { startNs, endNs })).messages),
        plain(expected),
      );
    }
  });
});
