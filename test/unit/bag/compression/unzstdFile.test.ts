import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { compress, isLoaded } from '@foxglove/wasm-zstd';
import { unzstdFile } from '../../../../src/bag/compression/unzstdFile.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

describe('unzstdFile', () => {
  const scratch = scratchFolder();
  // Hardly compressible, so that the compressed file has several pieces of input.
  const content = Buffer.from(
    Uint32Array.from({ length: 300_000 }, (_, at) => Math.imul(at + 1, 2654435761) >>> (at % 13)).buffer,
  );

  before(async () => {
    await isLoaded;
  });

  it('decompresses a file of several pieces and frames', async () => {
    const half = content.byteLength >> 1;
    writeFileSync(
      scratch.path('a.zstd'),
      Buffer.concat([compress(content.subarray(0, half), 1), compress(content.subarray(half), 1)]),
    );
    assert.equal(await unzstdFile(scratch.path('a.zstd'), scratch.path('a')), undefined);
    assert.ok(readFileSync(scratch.path('a')).equals(content));
  });

  it('keeps what comes before the end of a file that is cut off, and says so', async () => {
    const compressed = compress(content, 1);
    writeFileSync(scratch.path('a.zstd'), compressed.subarray(0, compressed.byteLength - 1000));
    assert.match((await unzstdFile(scratch.path('a.zstd'), scratch.path('a'))) ?? '', /Incomplete/);
    const part = readFileSync(scratch.path('a'));
    assert.ok(part.byteLength > content.byteLength / 2);
    assert.ok(content.subarray(0, part.byteLength).equals(part));
  });

  it('stops at corrupted data, and works afterwards', async () => {
    for (const place of [5, 300, 200_000]) {
      const compressed = compress(content, 1);
      compressed.fill(0xff, place, place + 50);
      writeFileSync(scratch.path(`${place}.zstd`), compressed);
      assert.match(
        (await unzstdFile(scratch.path(`${place}.zstd`), scratch.path(String(place)))) ?? '',
        /corrupted before byte \d+/,
      );
    }
    writeFileSync(scratch.path('junk.zstd'), new Uint8Array(1000).fill(7));
    assert.match((await unzstdFile(scratch.path('junk.zstd'), scratch.path('junk'))) ?? '', /corrupted/);
    writeFileSync(scratch.path('a.zstd'), compress(content, 1));
    assert.equal(await unzstdFile(scratch.path('a.zstd'), scratch.path('a')), undefined);
    assert.ok(readFileSync(scratch.path('a')).equals(content));
  });

  it('refuses to write over a file, and names a missing one', async () => {
    writeFileSync(scratch.path('a.zstd'), compress(content, 1));
    writeFileSync(scratch.path('a'), 'mine');
    await assert.rejects(unzstdFile(scratch.path('a.zstd'), scratch.path('a')), { code: 'IO_FAILED' });
    assert.equal(readFileSync(scratch.path('a'), 'utf8'), 'mine');
    await assert.rejects(unzstdFile(scratch.path('none'), scratch.path('b')), {
      code: 'IO_FAILED',
      message: /ENOENT/,
    });
  });
});
