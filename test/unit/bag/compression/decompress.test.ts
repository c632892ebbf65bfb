import assert from 'node:assert/strict';
import { compress, isLoaded } from '@foxglove/wasm-zstd';
import fc from 'fast-check';
import { compressFrameSync } from 'lz4-napi';
import { lz4ContentSize, zstdContentSize } from '../../../../src/bag/compression/contentSizes.js';
import { decompress } from '../../../../src/bag/compression/decompress.js';
import { EffvitError } from '../../../../src/core/EffvitError.js';

const COMPRESSORS = {
  zstd: (bytes: Uint8Array) => new Uint8Array(compress(bytes, 3)),
  lz4: (bytes: Uint8Array) => new Uint8Array(compressFrameSync(Buffer.from(bytes))),
} as const;

/** Data with runs and noise, so that blocks of every kind occur. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .record({ byte: fc.integer({ min: 0, max: 255 }), length: fc.integer({ min: 0, max: 300_000 }) })
        .map(({ byte, length }) => new Uint8Array(length).fill(byte)),
    ),
    { maxLength: 5 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)));

describe('decompress', () => {
  before(async () => {
    await isLoaded;
  });

  it('hands on what is not compressed', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    assert.equal(await decompress('', bytes, 3), bytes);
    assert.equal(await decompress('none', bytes, undefined), bytes);
  });

  for (const name of ['zstd', 'lz4'] as const) {
    describe(name, () => {
      it('gives back what was compressed, with or without a known size', async () => {
        await fc.assert(
          fc.asyncProperty(content, async (bytes) => {
            const compressed = COMPRESSORS[name](bytes);
            assert.ok(Buffer.from(bytes).equals(await decompress(name, compressed, bytes.byteLength)));
            assert.ok(Buffer.from(bytes).equals(await decompress(name, compressed, undefined)));
          }),
          { numRuns: 30 },
        );
      });

      it('bounds the size of what it can hold from above', () => {
        fc.assert(
          fc.property(content, (bytes) => {
            const compressed = COMPRESSORS[name](bytes);
            const most = name === 'lz4' ? lz4ContentSize(compressed) : zstdContentSize(compressed).mostBytes;
            assert.ok(most >= bytes.byteLength);
            // A block more than there is, or an LZ4 block that is not full, at most.
            assert.ok(most <= bytes.byteLength * 255 + 8e6);
          }),
          { numRuns: 50 },
        );
      });

      it('refuses a wrong size', async () => {
        const bytes = new Uint8Array(1000).fill(7);
        const compressed = COMPRESSORS[name](bytes);
        for (const size of [0, 999, 1001, 5e6, 2 ** 40]) {
          await assert.rejects(decompress(name, compressed, size), { code: 'BAD_BAG' });
        }
        assert.equal((await decompress(name, compressed, 1000)).byteLength, 1000);
      });

      it('refuses corrupted data or gives data of the stated size, and works afterwards', async () => {
        const bytes = Uint8Array.from({ length: 5000 }, (_, at) => (at * at) % 251);
        const compressed = COMPRESSORS[name](bytes);
        await fc.assert(
          fc.asyncProperty(
            fc.array(
              fc.record({ at: fc.nat(compressed.byteLength - 1), value: fc.integer({ min: 0, max: 255 }) }),
              { minLength: 1, maxLength: 4 },
            ),
            fc.option(fc.nat(compressed.byteLength), { nil: undefined }),
            async (changes, length) => {
              const broken = compressed.slice(0, length);
              for (const { at, value } of changes) if (at < broken.byteLength) broken[at] = value;
              try {
                assert.equal((await decompress(name, broken, bytes.byteLength)).byteLength, bytes.byteLength);
              } catch (error) {
                assert.ok(error instanceof EffvitError && error.code === 'BAD_BAG', String(error));
              }
              assert.ok(Buffer.from(bytes).equals(await decompress(name, compressed, bytes.byteLength)));
            },
          ),
          { numRuns: 200 },
        );
      });

      it('refuses what is something else', async () => {
        for (const bytes of [new Uint8Array(0), new Uint8Array(3), new Uint8Array(100).fill(9)]) {
          await assert.rejects(decompress(name, bytes, 100), { code: 'BAD_BAG' });
        }
      });
    });
  }

  it('reads several zstd frames with skippable ones between them', async () => {
    const skippable = Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
    const frames = Buffer.concat([
      COMPRESSORS.zstd(new Uint8Array(10).fill(1)),
      skippable,
      COMPRESSORS.zstd(new Uint8Array(300).fill(2)),
    ]);
    assert.deepEqual(zstdContentSize(frames).statedBytes, 310);
    assert.equal((await decompress('zstd', frames, undefined)).byteLength, 310);
  });

  it('refuses a bomb by its claim, before anything is set aside', async () => {
    // A zstd frame of run-length blocks: 2^21 - 1 bytes of three each.
    const header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88];
    const block = [0xfa, 0xff, 0xff, 0x41];
    const bomb = Uint8Array.from([...header, ...new Array(300).fill(block).flat(), 0x03, 0x00, 0x00, 0x41]);
    assert.ok(zstdContentSize(bomb).mostBytes > 600e6);
    await assert.rejects(decompress('zstd', bomb, undefined), {
      code: 'BAD_BAG',
      message: /at most 536870912 are read/,
    });
  });

  it('names the compressions that are known', async () => {
    await assert.rejects(decompress('bz2', new Uint8Array(3), 3), {
      code: 'UNSUPPORTED',
      message: /'bz2' is not known; zstd and lz4 are read/,
    });
  });
});
