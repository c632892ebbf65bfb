import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { TOOLCHAIN_BYTES } from '../../../src/compile/installToolchain.js';
import { isToolchainPlatform } from '../../../src/toolchain/toolchainStatus.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** A Python that plays its part: it makes its own folder as `venv` does, and pip says what the test wants. */
const PYTHON = `#!/bin/sh
case "$*" in
  *platform*) echo CPython 3.10 x86_64 1 ;;
  *"-m venv"*) for last in "$@"; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python3" ;;
  *"-m pip"*) PIP ;;
  *) echo fine ;;
esac
`;

describe('effvit toolchain install', () => {
  const scratch = scratchFolder();

  before(function () {
    if (!isToolchainPlatform()) leaveOut(this, 'the toolchain is for x86-64 Linux');
    const { bavail, bsize } = statfsSync(tmpdir());
    if (bavail * bsize < TOOLCHAIN_BYTES.needed)
      leaveOut(this, 'the temporary folder has less room than it asks for');
  });

  function python(pip: string): Record<string, string> {
    const path = scratch.path('python3.10');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, PYTHON.replace('PIP', pip));
    chmodSync(path, 0o755);
    return { EFFVIT_PYTHON310: path, EFFVIT_CACHE: scratch.path('cache') };
  }

  it('says whose it is and how large, does each step once, and is ready then', async () => {
    const env = python('echo "Progress 1 of 2"');
    const run = await runEffvit(['toolchain', 'install'], { env });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /D-Robotics.*all rights reserved.*1\.3 GB/s);
    for (let number = 1; number <= 6; number++) assert.match(run.stderr, new RegExp(`\\[${number}/6\\]`));
    const status = await runEffvit(['toolchain', 'status', '--json'], { env });
    assert.equal((JSON.parse(status.stdout) as { state: string }).state, 'ready');
    const again = await runEffvit(['toolchain', 'install'], { env });
    assert.equal(again.code, 0);
    assert.match(again.stdout, /^The toolchain is ready in /);
  });

  it('says so where PyPI cannot be reached, and goes on where it stopped', async () => {
    const offline =
      'echo "WARNING: Retrying after NewConnectionError: Connection refused"; echo "ERROR: No matching distribution"; exit 1';
    const run = await runEffvit(['toolchain', 'install'], { env: python(offline) });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /PyPI cannot be reached: .*PIP_INDEX_URL.*install\.log\)\.$/m);
    const status = await runEffvit(['toolchain', 'status'], { env: python(offline) });
    assert.equal(status.code, 1);
    assert.match(status.stdout, /half installed .*missing: pip, base, torch, vendor, check/);
    // The one that was made is a copy of what it was made with.
    const env = python('echo fine');
    copyFileSync(
      env['EFFVIT_PYTHON310'] ?? '',
      scratch.path('cache', 'toolchain', 'rdk-x5', 'bin', 'python3'),
    );
    const run2 = await runEffvit(['toolchain', 'install'], { env });
    assert.equal(run2.code, 0, run2.stderr);
    assert.doesNotMatch(run2.stderr, /\[1\/6\]/);
    assert.match(run2.stderr, /\[2\/6\]/);
  });

  it("gives pip's own reason where the disk is full", async () => {
    const full =
      'echo "ERROR: Could not install packages due to an OSError: No space left on device"; exit 1';
    const run = await runEffvit(['toolchain', 'install'], { env: python(full) });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /Installing pip failed: .*No space left on device \(see .*install\.log\)\.$/m);
  });

  it('refuses a Python of another version', async () => {
    const env = python('echo fine');
    writeFileSync(env['EFFVIT_PYTHON310'] ?? '', '#!/bin/sh\necho CPython 3.12 x86_64 1\n');
    const run = await runEffvit(['toolchain', 'install'], { env });
    assert.equal(run.code, 2);
    assert.match(run.stderr, /which is CPython 3\.12 for x86_64: name a CPython 3\.10/);
  });
});
