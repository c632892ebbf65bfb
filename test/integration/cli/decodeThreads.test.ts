import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';
import { MAX_THREADS } from '../../../src/pool/PoolOptions.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** Tells at its end how many threads a program had; those for files and pictures all begin together. */
const PRELOAD = `process.on('exit', () => console.error('threads: ' + require('node:fs').readdirSync('/proc/self/task').length));`;

describe('threads that decode pictures', () => {
  const scratch = scratchFolder();

  function threadsOf(program: string, args: readonly string[], size: string | undefined): number {
    const preload = scratch.path('preload.cjs');
    writeFileSync(preload, PRELOAD);
    const { UV_THREADPOOL_SIZE: _, ...others } = process.env;
    const run = spawnSync(packagePath('bin', program), args, {
      env: {
        ...others,
        NODE_OPTIONS: `--require=${preload}`,
        ...(size !== undefined && { UV_THREADPOOL_SIZE: size }),
      },
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(run.status, 0, run.stderr);
    return Number(/^threads: (\d+)$/m.exec(run.stderr)?.[1]);
  }

  for (const [program, args] of [
    ['effvit.cjs', ['--version']],
    ['classifier_node', ['--help']],
  ] as const) {
    it(`are as many as there may be workers, or as the user has them: ${program}`, () => {
      const [few, most] = [threadsOf(program, args, '2'), threadsOf(program, args, undefined)];
      assert.equal(most - few, MAX_THREADS - 2);
    });
  }
});
