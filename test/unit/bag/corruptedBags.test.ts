import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { compress, isLoaded } from '@foxglove/wasm-zstd';
import fc from 'fast-check';
import { openBag } from '../../../src/bag/openBag.js';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { cameraMessages, mcapBytes, writeFolder, writeSqlite } from '../../helpers/bags.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** Everything a reader can be asked of a bag; far more messages than there are would be an endless loop. */
async function readEverything(path: string, messageCount: number): Promise<void> {
  try {
    const bag = await openBag(path);
    try {
      bag.topics();
      let count = 0;
      for await (const { data, logTimeNs } of bag.messages()) {
        count += 1;
        assert.equal(typeof logTimeNs, 'bigint');
        assert.ok(data.byteLength >= 0);
        assert.ok(count <= messageCount * 4, 'more messages than were written');
      }
      for await (const image of bag.imageFrames())
        assert.ok(image.kind === 'image' || image.kind === 'problem');
      for (const warning of bag.warnings) assert.match(warning, /^[^\n]+$/);
    } finally {
      await bag.close();
    }
  } catch (error) {
    assert.ok(error instanceof EffvitError, String(error instanceof Error ? error.stack : error));
    assert.match(error.message, /^[^\n]+$/);
    assert.notEqual(error.code, 'INTERNAL');
  }
}

type Change =
  | { readonly kind: 'byte'; readonly at: number; readonly value: number }
  | { readonly kind: 'fill'; readonly at: number; readonly length: number; readonly value: number }
  | { readonly kind: 'word'; readonly at: number; readonly value: bigint }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'remove' | 'repeat'; readonly at: number; readonly length: number };

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

/** Places are shares of the file, so that they shrink well; both ends matter most. */
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('byte' as const), at: place, value: fc.integer({ min: 0, max: 255 }) }),
  fc.record({
    kind: fc.constant('word' as const),
    at: place,
    value: fc.oneof(
      fc.constantFrom(2n ** 40n, 2n ** 63n - 1n, 2n ** 64n - 1n, 2n ** 31n),
      fc.bigInt(0n, 2n ** 64n - 1n),
    ),
  }),
  fc.record({
    kind: fc.constant('fill' as const),
    at: place,
    length: fc.integer({ min: 1, max: 5000 }),
    value: fc.constantFrom(0, 0xff, 0x55),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: place }),
  fc.record({
    kind: fc.constantFrom('remove' as const, 'repeat' as const),
    at: place,
    length: fc.integer({ min: 1, max: 500 }),
  }),
);

function corrupted(bytes: Uint8Array, changes: readonly Change[]): Uint8Array {
  let result = Buffer.from(bytes);
  for (const { at: share, ...what } of changes) {
    const at = Math.floor(share * result.byteLength);
    if (what.kind === 'byte') result.subarray(at, at + 1).fill(what.value);
    else if (what.kind === 'fill') result.subarray(at, at + what.length).fill(what.value);
    else if (what.kind === 'word') {
      if (at + 8 <= result.byteLength) result.writeBigUInt64LE(what.value, at);
    } else if (what.kind === 'cut') result = result.subarray(0, at);
    else {
      const from = what.kind === 'remove' ? at + what.length : at - what.length;
      result = Buffer.concat([result.subarray(0, at), result.subarray(Math.max(0, from))]);
    }
  }
  return result;
}

describe('A corrupted bag gives what is readable or one sentence', () => {
  const scratch = scratchFolder();
  const messages = cameraMessages(10);
  const changes = fc.array(change, { minLength: 1, maxLength: 4 });

  before(async () => {
    await isLoaded;
  });

  for (const compression of ['', 'zstd', 'lz4'] as const) {
    for (const [layout, options] of Object.entries({
      indexed: {},
      'without index': { useChunkIndex: false, useMessageIndex: false, repeatChannels: false },
      'without chunks': { useChunks: false },
    })) {
      if (compression !== '' && layout === 'without chunks') continue;
      it(`MCAP, ${compression || 'not compressed'}, ${layout}`, async () => {
        const bytes = await mcapBytes(messages, { compression, ...options });
        await fc.assert(
          fc.asyncProperty(changes, async (made) => {
            writeFileSync(scratch.path('a.mcap'), corrupted(bytes, made));
            await readEverything(scratch.path('a.mcap'), messages.length);
          }),
          { numRuns: 150 },
        );
      });
    }
  }

  it('sqlite3', async () => {
    writeSqlite(scratch.path('good.db3'), messages);
    const bytes = readFileSync(scratch.path('good.db3'));
    await fc.assert(
      fc.asyncProperty(changes, async (made) => {
        writeFileSync(scratch.path('a.db3'), corrupted(bytes, made));
        await readEverything(scratch.path('a.db3'), messages.length);
      }),
      { numRuns: 150 },
    );
  });

  it('compressed as a whole', async () => {
    const bytes = compress(await mcapBytes(messages), 3);
    await fc.assert(
      fc.asyncProperty(changes, async (made) => {
        writeFileSync(scratch.path('a.mcap.zstd'), corrupted(bytes, made));
        await readEverything(scratch.path('a.mcap.zstd'), messages.length);
      }),
      { numRuns: 100 },
    );
  });

  it('metadata.yaml', async () => {
    writeFolder(scratch.path('bag'), [{ name: 'b_0.mcap', bytes: await mcapBytes(messages), messages }]);
    const text = readFileSync(scratch.path('bag', 'metadata.yaml'));
    await fc.assert(
      fc.asyncProperty(changes, async (made) => {
        writeFileSync(scratch.path('bag', 'metadata.yaml'), corrupted(text, made));
        await readEverything(scratch.path('bag'), messages.length);
      }),
      { numRuns: 150 },
    );
  });

  it('no bag at all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('', '\x89MCAP0\r\n', 'SQLite format 3\0', '\x28\xb5\x2f\xfd'),
        fc.uint8Array({ maxLength: 2000 }),
        async (magic, rest) => {
          writeFileSync(scratch.path('a'), Buffer.concat([Buffer.from(magic, 'latin1'), rest]));
          await readEverything(scratch.path('a'), 0);
        },
      ),
      { numRuns: 200 },
    );
  });
});
