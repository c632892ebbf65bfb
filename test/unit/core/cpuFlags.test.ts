import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuFlags, hasExactInt8 } from '../../../src/core/cpuFlags.js';

describe('cpuFlags', () => {
  let root = '';

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'effvit-cpu-'));
    await mkdir(join(root, 'proc'));
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  it('reads the first core of x86 and of ARM', async () => {
    const x86 = 'processor\t: 0\nflags\t\t: fpu avx2  sse\nbugs\t:\nprocessor\t: 1\nflags\t\t: other\n';
    await writeFile(join(root, 'proc/cpuinfo'), x86);
    assert.deepEqual([...cpuFlags(root)], ['fpu', 'avx2', 'sse']);
    await writeFile(join(root, 'proc/cpuinfo'), 'Features\t: fp asimddp\n');
    assert.deepEqual([...cpuFlags(root)], ['fp', 'asimddp']);
  });

  it('is empty where nothing is known', async () => {
    assert.equal(cpuFlags(root).size, 0);
    await writeFile(join(root, 'proc/cpuinfo'), 'flags\t\t:\n');
    assert.equal(cpuFlags(root).size, 0);
  });
});

describe('hasExactInt8', () => {
  it('goes by VNNI on x86, and takes what it does not know for inexact', () => {
    assert.equal(hasExactInt8('x64', new Set(['avx2', 'fma'])), false);
    assert.equal(hasExactInt8('x64', new Set(['avx2', 'avx_vnni'])), true);
    assert.equal(hasExactInt8('x64', new Set(['avx512f', 'avx512_vnni'])), true);
    assert.equal(hasExactInt8('x64', new Set()), false);
  });

  it('is always so on ARM', () => {
    assert.equal(hasExactInt8('arm64', new Set()), true);
  });
});
