import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { makeFolder } from '../../../src/core/writeFileAtomic.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('makeFolder', () => {
  const scratch = scratchFolder();

  it('makes a folder with its parents, also where several make it at once, and leaves one that is there', async () => {
    for (let round = 0; round < 100; round++) {
      const path = scratch.path(String(round), 'a', 'b', 'c');
      await Promise.all(Array.from({ length: 8 }, () => makeFolder(path)));
      await makeFolder(path);
      assert.equal((await stat(path)).isDirectory(), true);
    }
  });

  it('ends with the reason where there can be none', async () => {
    await writeFile(scratch.path('file'), '');
    await assert.rejects(makeFolder(scratch.path('file')), { code: 'EEXIST' });
    await assert.rejects(makeFolder(scratch.path('file', 'below')), { code: 'ENOTDIR' });
    // mkdir says ENOENT there, though the parent exists.
    if (existsSync('/proc/self')) await assert.rejects(makeFolder('/proc/effvit/a/b'), { code: 'ENOENT' });
  });
});
