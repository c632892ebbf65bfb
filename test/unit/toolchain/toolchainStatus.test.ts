import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  INSTALL_STEPS,
  type InstallStep,
  isToolchainPlatform,
  requireToolchain,
  stampPath,
  stepKey,
  toolchainFolder,
  toolchainStatus,
} from '../../../src/toolchain/toolchainStatus.js';
import { assertRefused } from '../../helpers/assertRefused.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('toolchainStatus', () => {
  const scratch = scratchFolder();

  before(function () {
    if (!isToolchainPlatform()) leaveOut(this, 'the toolchain is for x86-64 Linux');
  });

  const env = (): NodeJS.ProcessEnv => ({ EFFVIT_CACHE: scratch.path('cache') });

  function write(path: string, content = ''): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }

  function finish(steps: readonly InstallStep[]): void {
    const folder = toolchainFolder(env());
    for (const step of steps) write(stampPath(folder, step), `${stepKey(step)}\n`);
    write(`${folder}/bin/python3`);
  }

  it('is absent at first, and names the command that gets it', () => {
    assert.equal(toolchainStatus(env()).state, 'absent');
    assertRefused(() => requireToolchain(env()), 'NOT_FOUND', /run `effvit toolchain install`/);
  });

  it('is ready when every step is done', () => {
    finish(INSTALL_STEPS);
    assert.equal(toolchainStatus(env()).state, 'ready');
    assert.equal(requireToolchain(env()).pythonPath, `${toolchainFolder(env())}/bin/python3`);
  });

  it('is half installed when a step is missing, or was done for other packages', () => {
    finish(['python', 'pip', 'base']);
    write(stampPath(toolchainFolder(env()), 'base'), 'another list\n');
    const status = toolchainStatus(env());
    assert.deepEqual(status.state === 'partial' && status.missing, ['base', 'torch', 'vendor', 'check']);
    assertRefused(
      () => requireToolchain(env()),
      'NOT_FOUND',
      /half installed \(missing: base, torch, vendor, check\)/,
    );
  });

  it('takes a virtual environment of the user', () => {
    const own = { ...env(), EFFVIT_TOOLCHAIN: scratch.path('own') };
    assertRefused(
      () => requireToolchain(own),
      'NOT_FOUND',
      /no bin\/python3 in .*own, which EFFVIT_TOOLCHAIN names/,
    );
    write(scratch.path('own', 'bin', 'python3'));
    assert.equal(requireToolchain(own).folder, scratch.path('own'));
  });

  it('runs a whole CPython with its own home', () => {
    finish(INSTALL_STEPS);
    write(`${toolchainFolder(env())}/cpython/bin/python3.10`);
    const { pythonPath, env: variables } = requireToolchain(env());
    assert.equal(pythonPath, `${toolchainFolder(env())}/cpython/bin/python3.10`);
    assert.equal(variables['PYTHONHOME'], `${toolchainFolder(env())}/cpython`);
  });

  it('is for x86-64 Linux alone', () => {
    assert.equal(isToolchainPlatform('linux', 'x64'), true);
    assert.equal(isToolchainPlatform('linux', 'arm64'), false);
    assert.equal(isToolchainPlatform('darwin', 'x64'), false);
  });
});
