import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { rosScript } from '../../../helpers/rosScript.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

interface Found {
  readonly command: string;
  readonly version: readonly number[];
}

interface Answer {
  readonly version?: readonly number[];
  readonly implementation?: string;
  readonly machine?: string;
  readonly venv?: boolean;
  readonly headers?: boolean;
}

describe('scripts/ros/findPython', () => {
  const scratch = scratchFolder();
  let findPython: (env: NodeJS.ProcessEnv, options?: { machine: string }) => Promise<Found> = () =>
    Promise.reject(new Error('not loaded'));

  beforeEach(async () => {
    ({ findPython } = await rosScript<{ findPython: typeof findPython }>('findPython'));
    mkdirSync(scratch.path('bin'));
  });

  /** A program that answers the probe as a Python of this kind would. */
  function install(name: string, answer: Answer): void {
    const whole = {
      version: [3, 12, 3],
      implementation: 'CPython',
      machine: 'x86_64',
      venv: true,
      headers: true,
      ...answer,
    };
    writeFileSync(scratch.path('bin', name), `#!/bin/sh\necho '${JSON.stringify(whole)}'\n`);
    chmodSync(scratch.path('bin', name), 0o755);
  }

  const find = (env: NodeJS.ProcessEnv = {}): Promise<Found> =>
    findPython({ PATH: scratch.path('bin'), ...env }, { machine: 'x86_64' });

  it('takes python3 where it fits, else the newest that does', async () => {
    install('python3', { version: [3, 9, 2] });
    install('python3.10', { version: [3, 10, 1] });
    install('python3.12', { version: [3, 12, 1] });
    assert.equal((await find()).command, 'python3.12');
    install('python3', { version: [3, 11, 2] });
    assert.equal((await find()).command, 'python3');
  });

  it('prefers one with headers, and takes one without where there is no other', async () => {
    install('python3', { headers: false });
    assert.equal((await find()).command, 'python3');
    install('python3.10', { version: [3, 10, 1] });
    assert.equal((await find()).command, 'python3.10');
  });

  it('takes EFFVIT_PYTHON alone where it is set', async () => {
    install('python3', {});
    install('mine', { version: [3, 10, 0] });
    assert.equal(
      (await find({ EFFVIT_PYTHON: scratch.path('bin', 'mine') })).command,
      scratch.path('bin', 'mine'),
    );
    await assert.rejects(find({ EFFVIT_PYTHON: '/nowhere/python3' }), /No Python was found/);
  });

  it('says what is wrong and what to do, in one sentence', async () => {
    await assert.rejects(find(), {
      name: 'SetupError',
      message:
        'No Python was found, and the private ROS 2 needs CPython 3.10 to 3.13: install one, or name it in EFFVIT_PYTHON.',
    });
    install('python3', { version: [3, 14, 0] });
    await assert.rejects(find(), {
      message:
        'The private ROS 2 needs CPython 3.10 to 3.13, but python3 is CPython 3.14.0: install one, or name it in EFFVIT_PYTHON.',
    });
    install('python3', { implementation: 'PyPy' });
    await assert.rejects(find(), /but python3 is PyPy 3\.12\.3/);
    install('python3', { venv: false });
    await assert.rejects(find(), {
      message: 'python3 has no venv module: install it (Debian, Ubuntu: apt install python3-venv).',
    });
    install('python3', { machine: 'aarch64' });
    await assert.rejects(
      find(),
      /for x86_64 Linux only and this machine is aarch64: install ROS 2 \(apt install/,
    );
  });

  it('says that there is nothing for another machine before it asks for anything', async () => {
    const other =
      /^PyPI has ROS 2 for x86_64 Linux only and this machine is arm64: install ROS 2 \(apt install .*\/opt\/tros/;
    await assert.rejects(findPython({ PATH: scratch.path('bin') }, { machine: 'arm64' }), { message: other });
    install('python3', { venv: false, machine: 'aarch64' });
    await assert.rejects(find(), /this machine is aarch64/);
  });

  it('passes over a program that is no Python', async () => {
    install('python3', {});
    writeFileSync(scratch.path('bin', 'python3.13'), '#!/bin/sh\nexit 1\n');
    chmodSync(scratch.path('bin', 'python3.13'), 0o755);
    assert.equal((await find()).command, 'python3');
  });
});
