import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { findPython310 } from '../../../src/toolchain/findPython310.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('findPython310', () => {
  const scratch = scratchFolder();
  const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    HOME: scratch.path('home'),
    PATH: `${scratch.path('bin')}:/usr/bin:/bin`,
    ...more,
  });

  function fake(path: string, says: string): string {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${says}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  const FITTING = 'echo CPython 3.10 x86_64 1';

  it('takes the one of the PATH', async () => {
    fake(scratch.path('bin', 'python3.10'), FITTING);
    assert.equal(await findPython310(env()), 'python3.10');
  });

  it("passes by a shim that answers for nothing, and takes pyenv's", async () => {
    fake(scratch.path('bin', 'python3.10'), 'echo "pyenv: not selected" >&2; exit 127');
    fake(scratch.path('home', '.pyenv', 'versions', '3.1.5', 'bin', 'python3.10'), FITTING);
    const path = fake(scratch.path('home', '.pyenv', 'versions', '3.10.13', 'bin', 'python3.10'), FITTING);
    assert.equal(await findPython310(env()), path);
  });

  it("takes uv's", async () => {
    fake(scratch.path('bin', 'python3.10'), 'exit 1');
    const folder = scratch.path(
      'home',
      '.local',
      'share',
      'uv',
      'python',
      'cpython-3.10.16-linux-x86_64-gnu',
    );
    const path = fake(`${folder}/bin/python3.10`, FITTING);
    assert.equal(await findPython310(env()), path);
  });

  it('finds none where all are of another kind', async () => {
    fake(scratch.path('bin', 'python3.10'), 'echo CPython 3.10 x86_64 0');
    assert.equal(await findPython310(env()), undefined);
  });

  it('takes EFFVIT_PYTHON310 alone, and says what is wrong with it', async () => {
    fake(scratch.path('bin', 'python3.10'), FITTING);
    const own = fake(scratch.path('own'), FITTING);
    assert.equal(await findPython310(env({ EFFVIT_PYTHON310: own })), own);
    fake(own, 'echo CPython 3.12 x86_64 1');
    await assertRejected(
      findPython310(env({ EFFVIT_PYTHON310: own })),
      'BAD_ARGUMENT',
      /names .*own, which is CPython 3\.12 for x86_64: name a CPython 3\.10/,
    );
    await assertRejected(
      findPython310(env({ EFFVIT_PYTHON310: scratch.path('missing') })),
      'BAD_ARGUMENT',
      /which does not run/,
    );
  });
});
