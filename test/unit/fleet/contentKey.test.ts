import assert from 'node:assert/strict';
import { copyFileSync, cpSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { isLoaded } from '@foxglove/wasm-zstd';
import { bagVersion } from '../../../src/fleet/bagVersion.js';
import { contentKey } from '../../../src/fleet/contentKey.js';
import { cameraMessages, mcapBytes, type TestMessage, writeFolder, writeSqlite } from '../../helpers/bags.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** The same recording with one bit of one picture's data changed. */
function withOtherPixel(messages: readonly TestMessage[]): TestMessage[] {
  return messages.map((message, at) => {
    if (at !== 3) return message;
    const data = Uint8Array.from(message.data);
    data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
    return { ...message, data };
  });
}

describe('contentKey', () => {
  const scratch = scratchFolder();
  const messages = cameraMessages(12);

  before(async () => {
    await isLoaded;
  });

  const forms: readonly (readonly [
    name: string,
    write: (path: string, messages: readonly TestMessage[]) => Promise<void>,
  ])[] = [
    ['MCAP', async (path, all) => writeFileSync(path, await mcapBytes(all))],
    [
      'compressed MCAP',
      async (path, all) => writeFileSync(path, await mcapBytes(all, { compression: 'zstd' })),
    ],
    [
      'MCAP without an index',
      async (path, all) =>
        writeFileSync(path, await mcapBytes(all, { useChunkIndex: false, useStatistics: false })),
    ],
    [
      'MCAP without chunks',
      async (path, all) => writeFileSync(path, await mcapBytes(all, { useChunks: false })),
    ],
    ['a database', async (path, all) => writeSqlite(path, all)],
    [
      'a folder',
      async (path, all) =>
        writeFolder(path, [{ name: 'a_0.mcap', bytes: await mcapBytes(all), messages: all }]),
    ],
  ];
  for (const [name, write] of forms) {
    it(`of ${name} is of the content alone, and of all of it`, async () => {
      await write(scratch.path('a'), messages);
      const key = await contentKey(scratch.path('a'));
      assert.match(key, /^[0-9a-f]{64}$/);
      cpSync(scratch.path('a'), scratch.path('copy'), { recursive: true });
      utimesSync(scratch.path('copy'), 1, 1);
      assert.equal(await contentKey(scratch.path('copy')), key);
      await write(scratch.path('b'), withOtherPixel(messages));
      assert.notEqual(await contentKey(scratch.path('b')), key, 'one bit of a picture');
      await write(scratch.path('c'), messages.slice(0, -1));
      assert.notEqual(await contentKey(scratch.path('c')), key, 'a message less');
    });
  }

  it('reads no more of an indexed file than its index and the heads of its chunks', async () => {
    const path = scratch.path('a.mcap');
    writeFileSync(path, await mcapBytes(messages));
    const key = await contentKey(path);
    // Damage that a checksum of a chunk tells when the chunk is read; the key by every byte is another one.
    const bytes = readFileSync(path);
    const at = bytes.indexOf(messages[0]?.data.subarray(-100) ?? '');
    assert.ok(at > 0);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    assert.equal(await contentKey(path), key);
    const whole = await contentKey(path, { isWhole: true });
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    assert.notEqual(await contentKey(path, { isWhole: true }), whole);
  });

  it("takes a crashed recorder's log as a part of its database", async () => {
    writeSqlite(scratch.path('a.db3'), messages);
    const key = await contentKey(scratch.path('a.db3'));
    writeFileSync(scratch.path('a.db3-wal'), 'pages');
    const withLog = await contentKey(scratch.path('a.db3'));
    assert.notEqual(withLog, key);
    renameSync(scratch.path('a.db3'), scratch.path('b.db3'));
    renameSync(scratch.path('a.db3-wal'), scratch.path('b.db3-wal'));
    assert.equal(await contentKey(scratch.path('b.db3')), withLog);
  });

  it('says that there is no bag', async () => {
    await assert.rejects(contentKey(scratch.path('a')), /There is no bag at .*: check the path/);
  });

  it('of what is no bag is a key all the same', async () => {
    writeFileSync(scratch.path('a.mcap'), 'junk');
    assert.match(await contentKey(scratch.path('a.mcap')), /^[0-9a-f]{64}$/);
    writeFileSync(scratch.path('b.mcap'), '');
    assert.match(await contentKey(scratch.path('b.mcap')), /^[0-9a-f]{64}$/);
  });

  describe('bagVersion', () => {
    it('changes when a file is written again, also with its times set back, and when it is another file', async () => {
      const path = scratch.path('a.mcap');
      writeFileSync(path, await mcapBytes(messages));
      const version = await bagVersion(path);
      assert.equal(await bagVersion(path), version);
      await new Promise((resolve) => setTimeout(resolve, 20));
      writeFileSync(path, await mcapBytes(withOtherPixel(messages)));
      utimesSync(path, 1, 1);
      const rewritten = await bagVersion(path);
      assert.notEqual(rewritten, version);
      utimesSync(path, 1, 1);
      copyFileSync(path, scratch.path('b.mcap'));
      renameSync(scratch.path('b.mcap'), path);
      assert.notEqual(await bagVersion(path), rewritten);
    });
  });
});
