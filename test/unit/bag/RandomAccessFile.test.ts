import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { RandomAccessFile } from '../../../src/bag/RandomAccessFile.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('RandomAccessFile', () => {
  const scratch = scratchFolder();
  const content = Uint8Array.from({ length: 50_000 }, (_, at) => at % 251);

  it('reads any place', async () => {
    writeFileSync(scratch.path('a'), content);
    const file = await RandomAccessFile.open(scratch.path('a'));
    assert.equal(file.sizeBytes, 50_000);
    for (const [offset, length] of [
      [0, 50_000],
      [49_999, 1],
      [50_000, 0],
      [17_000, 20_000],
    ] as const) {
      assert.deepEqual(await file.read(offset, length), content.slice(offset, offset + length));
    }
    for (let offset = 0; offset < 50_000; offset += 777) {
      assert.deepEqual([...(await file.peek(offset, 30))], [...content.slice(offset, offset + 30)]);
    }
    assert.deepEqual([...(await file.peek(10, 5))], [...content.slice(10, 15)]);
    await file.close();
  });

  it('refuses what is not there before it sets memory aside', async () => {
    writeFileSync(scratch.path('a'), content);
    const file = await RandomAccessFile.open(scratch.path('a'));
    for (const [offset, length] of [
      [49_999, 2],
      [-1, 1],
      [0, 2 ** 40],
      [2 ** 60, 1],
      [0, -1],
      [Number.NaN, 1],
    ] as const) {
      await assert.rejects(file.read(offset, length), { code: 'BAD_BAG' });
    }
    truncateSync(scratch.path('a'), 100);
    await assert.rejects(file.read(0, 200), { code: 'BAD_BAG', message: /became shorter/ });
    await file.close();
    await file.close();
    await assert.rejects(file.read(0, 1), { code: 'CLOSED' });
  });

  it('refuses what is no file', async () => {
    await assert.rejects(RandomAccessFile.open(scratch.path('none')), { code: 'NOT_FOUND' });
    await assert.rejects(RandomAccessFile.open(scratch.path()), { code: 'BAD_BAG' });
  });
});
