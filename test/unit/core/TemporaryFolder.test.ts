import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packagePath } from '../../../src/core/packageRoot.js';
import { TemporaryFolder } from '../../../src/core/TemporaryFolder.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const compiled = (name: string): string => pathToFileURL(packagePath('build', 'src', 'core', name)).href;

describe('TemporaryFolder', () => {
  const scratch = scratchFolder();

  it('is removed with what is in it, once or twice', async () => {
    const folder = await TemporaryFolder.make();
    writeFileSync(join(folder.path, 'a'), 'b');
    await folder.remove();
    await folder.remove();
    assert.ok(!existsSync(folder.path));
    assert.equal(process.listeners('exit').filter(({ name }) => name === 'removeAll').length, 0);
  });

  for (const [how, end, status] of [
    ['exits', 'process.exit(3)', 3],
    ['throws', "throw new Error('as expected')", 1],
  ] as const) {
    it(`goes with an executable of ours that ${how}`, () => {
      const script = `(await import('${compiled('processExit.js')}')).ownProcessExit(); const { TemporaryFolder } = await import('${compiled('TemporaryFolder.js')}'); await TemporaryFolder.make(); const kept = await TemporaryFolder.make(); await kept.remove(); console.log((await import('node:fs')).readdirSync(process.env.TMPDIR).length); ${end};`;
      const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        env: { ...process.env, TMPDIR: scratch.path() },
        timeout: 30_000,
      });
      assert.equal(done.stdout.trim(), '1', done.stderr);
      assert.equal(done.status, status);
      assert.deepEqual(readdirSync(scratch.path()), []);
    });
  }

  it('says what to do where there is no place for it', async () => {
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = scratch.path('absent');
    try {
      await assert.rejects(TemporaryFolder.make(), { code: 'IO_FAILED', message: /set TMPDIR to another/ });
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
  });
});
