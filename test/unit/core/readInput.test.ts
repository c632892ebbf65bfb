import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { openInput, readInput } from '../../../src/core/readInput.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('readInput', () => {
  const scratch = scratchFolder();

  function pipe(): string {
    const path = scratch.path('pipe');
    assert.equal(spawnSync('mkfifo', [path]).status, 0);
    return path;
  }

  it('reads a file whole, and says what is none', async () => {
    writeFileSync(scratch.path('file'), 'content');
    assert.equal((await readInput(scratch.path('file'))).toString(), 'content');
    const absent = scratch.path('absent');
    await assert.rejects(readInput(absent), { code: 'IO_FAILED', message: /^Cannot read .*absent: ENOENT/ });
    await assertRejected(readInput(absent, { missing: 'Write it.' }), 'NOT_FOUND', /^Write it\.$/);
    mkdirSync(scratch.path('folder'));
    await assert.rejects(readInput(scratch.path('folder')), { code: 'IO_FAILED', message: /EISDIR/ });
  });

  it('reads a pipe to its end, in pieces with pauses between', async () => {
    const path = pipe();
    const read = readInput(path);
    const writer = await open(path, 'w');
    await writer.write('a'.repeat(3000));
    await new Promise((resolve) => setTimeout(resolve, 60));
    await writer.write('b');
    await writer.close();
    assert.equal((await read).toString(), `${'a'.repeat(3000)}b`);
  });

  it('has a limit where nothing comes, and where it stops before its end', async () => {
    const path = pipe();
    await assertRejected(readInput(path, { limitMs: 50 }), 'TIMED_OUT', /gave nothing for 50 ms/);
    const read = readInput(path, { limitMs: 1000 });
    const writer = await open(path, 'w');
    await writer.write('half');
    await assertRejected(read, 'TIMED_OUT', /stopped for 1000 ms before its end/);
    await writer.close();
  });

  it('has a limit where there is no end', async function () {
    if (!existsSync('/dev/zero')) leaveOut(this, 'no /dev/zero on this machine');
    await assertRejected(
      readInput('/dev/zero', { maxBytes: 5e6 }),
      'OUT_OF_RANGE',
      /more than 5000000 bytes/,
    );
  });

  it('hears a signal while it waits', async () => {
    const abort = new AbortController();
    const read = readInput(pipe(), { signal: abort.signal });
    abort.abort();
    await assertRejected(read, 'CANCELLED', /cancelled/);
  });

  it('openInput refuses pipes at once', async () => {
    await assertRejected(openInput(pipe()), 'IO_FAILED', /no regular file/);
  });
});
