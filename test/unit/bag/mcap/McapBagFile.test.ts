import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { McapIndexedReader, Opcode } from '@mcap/core';
import { openBag } from '../../../../src/bag/openBag.js';
import { cameraMessages, mcapBytes, plain, readBag, START_NS } from '../../../helpers/bags.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

const NO_INDEX = {
  useChunkIndex: false,
  useMessageIndex: false,
  useStatistics: false,
  useSummaryOffsets: false,
  repeatChannels: false,
  repeatSchemas: false,
};

interface Chunk {
  offset: number;
  length: number;
}

async function chunksOf(bytes: Uint8Array): Promise<Chunk[]> {
  const reader = await McapIndexedReader.Initialize({
    readable: {
      size: async () => BigInt(bytes.byteLength),
      read: async (offset, size) => bytes.slice(Number(offset), Number(offset + size)),
    },
  });
  return reader.chunkIndexes.map(({ chunkStartOffset, chunkLength }) => ({
    offset: Number(chunkStartOffset),
    length: Number(chunkLength),
  }));
}

function at<Value>(values: readonly Value[], index: number): Value {
  const value = values[index];
  assert.ok(value !== undefined);
  return value;
}

describe('McapBagFile', () => {
  const scratch = scratchFolder();
  const messages = cameraMessages(12);

  async function read(bytes: Uint8Array): ReturnType<typeof readBag> {
    writeFileSync(scratch.path('a.mcap'), bytes);
    return await readBag(scratch.path('a.mcap'));
  }

  for (const compression of ['', 'zstd', 'lz4'] as const) {
    it(`leaves out a chunk whose content changed and reads the others, ${compression || 'not compressed'}`, async () => {
      const bytes = await mcapBytes(messages, { compression });
      const chunks = await chunksOf(bytes);
      assert.ok(chunks.length > 4);
      // Two, so that one bad chunk does not spoil what follows.
      for (const index of [1, 3]) {
        const { offset, length } = at(chunks, index);
        const place = offset + length - 60;
        bytes.set([at([...bytes], place) ^ 0x55], place);
      }
      const bag = await read(bytes);
      assert.ok(bag.messages.length > 0 && bag.messages.length < messages.length);
      const all = new Set(plain(messages).map((message) => JSON.stringify(message, replacer)));
      for (const message of plain(bag.messages)) assert.ok(all.has(JSON.stringify(message, replacer)));
      assert.equal(bag.warnings.length, 2);
      assert.match(
        bag.warnings.join(),
        /The chunk in .*a\.mcap at byte \d+ cannot be read \(.*\): its messages are missing/,
      );
    });
  }

  it('says how its checksum is wrong', async () => {
    const bytes = await mcapBytes(messages);
    const { offset } = at(await chunksOf(bytes), 0);
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(offset + 9 + 24, 0x12345678, true);
    const bag = await read(bytes);
    assert.match(bag.warnings.join(), /its checksum is 0x[0-9a-f]{8} where 0x12345678 is stated/);
  });

  for (const [what, options] of Object.entries({ indexed: {}, unindexed: NO_INDEX })) {
    for (const compression of ['', 'zstd', 'lz4'] as const) {
      it(`refuses a chunk that claims 2^40 bytes, ${what}, ${compression || 'not compressed'}`, async () => {
        const bytes = await mcapBytes(messages, { compression, ...options });
        const { offset } = at(
          recordsOf(bytes).filter(({ opcode }) => opcode === Opcode.CHUNK),
          1,
        );
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const nameBytes = view.getUint32(offset + 37, true);
        // What it says its content has, and what it says it decompresses to.
        view.setBigUint64(offset + 9 + 16, 2n ** 40n, true);
        if (compression === '') view.setBigUint64(offset + 41 + nameBytes, 2n ** 40n, true);
        const before = process.memoryUsage().arrayBuffers;
        const bag = await read(bytes);
        assert.ok(process.memoryUsage().arrayBuffers - before < 100e6);
        assert.match(bag.warnings.join(), /1099511627776 bytes/);
        assert.ok(bag.messages.length > 0 && bag.messages.length < messages.length);
      });
    }
  }

  it('reads up to a record that claims 2^60 bytes', async () => {
    const bytes = await mcapBytes(messages, NO_INDEX);
    const chunks = recordsOf(bytes).filter(({ opcode }) => opcode === Opcode.CHUNK);
    const third = at(chunks, 2);
    new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(third.offset + 1, 2n ** 60n, true);
    const bag = await read(bytes);
    assert.ok(bag.messages.length > 0 && bag.messages.length < messages.length);
    assert.match(bag.warnings.join(), /1152921504606846976/);
  });

  for (const compression of ['', 'zstd', 'lz4'] as const) {
    it(`reads what is left of a file that is cut off anywhere, ${compression || 'not compressed'}`, async () => {
      const bytes = await mcapBytes(messages, { compression });
      const wanted = plain(messages);
      const { offset: dataEnd } = at(
        recordsOf(bytes).filter(({ opcode }) => opcode === Opcode.DATA_END),
        0,
      );
      let most = 0;
      for (let length = 8; length < bytes.byteLength; length += 37) {
        const bag = await read(bytes.subarray(0, length));
        const got = plain(bag.messages);
        assert.deepEqual(got, wanted.slice(0, got.length));
        // Where only the index is cut off, nothing is missing: DataEnd has 13 bytes.
        assert.equal(
          bag.warnings.length > 0,
          length < dataEnd + 13,
          `${length} bytes: ${bag.warnings.join()}`,
        );
        assert.ok(got.length >= most, `fewer messages in ${length} bytes`);
        most = got.length;
      }
      assert.equal(most, messages.length);
    });
  }

  it('reads whole messages of an uncompressed chunk that is cut off', async () => {
    const bytes = await mcapBytes(messages, { chunkSize: 1e6 });
    const [chunk] = await chunksOf(bytes);
    assert.ok(chunk !== undefined);
    const bag = await read(bytes.subarray(0, chunk.offset + Math.floor(chunk.length / 2)));
    assert.ok(bag.messages.length >= 15 && bag.messages.length <= 21, String(bag.messages.length));
    assert.match(
      bag.warnings.join(),
      /is cut off within its last chunk .* the whole messages in it are read, unchecked/,
    );
  });

  it('reads up to where zeros begin, as a power cut leaves them', async () => {
    const bytes = await mcapBytes(messages, NO_INDEX);
    const chunks = recordsOf(bytes).filter(({ opcode }) => opcode === Opcode.CHUNK);
    bytes.fill(0, at(chunks, 3).offset);
    const bag = await read(bytes);
    assert.ok(bag.messages.length > 0 && bag.messages.length < messages.length);
    assert.match(
      bag.warnings.join(),
      /can be read up to byte \d+ \(no record begins there\): the last \d+ bytes are lost/,
    );
  });

  it('scans where the summary is corrupted', async () => {
    const bytes = await mcapBytes(messages);
    bytes.set([at([...bytes], bytes.byteLength - 100) ^ 1], bytes.byteLength - 100);
    const bag = await read(bytes);
    assert.deepEqual(plain(bag.messages), plain(messages));
  });

  it('scans where the footer points to the start', async () => {
    const bytes = await mcapBytes(messages);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    view.setBigUint64(bytes.byteLength - 8 - 20, 60n, true);
    assert.deepEqual(plain((await read(bytes)).messages), plain(messages));
  });

  it('orders messages within and across chunks by log time, equal times by place', async () => {
    const shuffled = messages.map((message, index) => ({
      ...message,
      logTimeNs: START_NS + BigInt((index * 7) % 10),
    }));
    for (const options of [{}, NO_INDEX, { useChunks: false }]) {
      const bag = await read(await mcapBytes(shuffled, options));
      const expected = shuffled
        .map((message, index) => ({ message, index }))
        .sort((a, b) => Number(a.message.logTimeNs - b.message.logTimeNs) || a.index - b.index)
        .map(({ message }) => message);
      assert.deepEqual(plain(bag.messages), plain(expected));
    }
  });

  it('skips the chunks without wanted topics', async () => {
    const [chatter] = messages.filter(({ topic }) => topic === '/chatter');
    assert.ok(chatter !== undefined);
    const images = messages.filter(({ topic }) => topic !== '/chatter');
    const bytes = await mcapBytes([chatter, ...images], { chunkSize: 1 });
    const chunks = await chunksOf(bytes);
    // Every other chunk is broken, which shows in the warnings if it is read.
    for (const { offset, length } of chunks.slice(1)) {
      const place = offset + length - 3;
      bytes.set([at([...bytes], place) ^ 0x55], place);
    }
    writeFileSync(scratch.path('a.mcap'), bytes);
    const bag = await readBag(scratch.path('a.mcap'), { topics: ['/chatter'] });
    assert.equal(bag.messages.length, 1);
    assert.deepEqual(bag.warnings, []);
    assert.equal((await readBag(scratch.path('a.mcap'))).warnings.length, chunks.length - 1);
  });

  it('sums the channels of a topic', async () => {
    const bytes = await mcapBytes(
      messages.map((message, index) => ({ ...message, publisher: String(index % 2) })),
    );
    writeFileSync(scratch.path('a.mcap'), bytes);
    const bag = await openBag(scratch.path('a.mcap'));
    assert.deepEqual(
      bag.topics().map(({ messageCount }) => messageCount),
      [12, 12, 12],
    );
    await bag.close();
    assert.deepEqual(plain((await readBag(scratch.path('a.mcap'))).messages), plain(messages));
  });

  it('does not begin to read where nothing is iterated', async () => {
    const bytes = await mcapBytes(messages);
    for (const { offset } of await chunksOf(bytes)) bytes.fill(0xff, offset + 50, offset + 60);
    writeFileSync(scratch.path('a.mcap'), bytes);
    const bag = await openBag(scratch.path('a.mcap'));
    assert.deepEqual(bag.warnings, []);
    assert.equal(bag.topics().length, 3);
    await bag.close();
  });
});

function replacer(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function recordsOf(bytes: Uint8Array): { opcode: number; offset: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records = [];
  for (let offset = 8; offset + 9 <= bytes.byteLength - 8; ) {
    records.push({ opcode: view.getUint8(offset), offset });
    offset += 9 + Number(view.getBigUint64(offset + 1, true));
  }
  return records;
}
