import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { packagePath } from '../../../src/core/packageRoot.js';
import { MAX_THREADS } from '../../../src/pool/PoolOptions.js';

/** Tells the variable as Node.js began with it: when the first line of a program runs, its threads are there already. */
const TELL = '--import=data:text/javascript,console.error(process.env.UV_THREADPOOL_SIZE)';

describe('threads that decode pictures', () => {
  for (const [program, args] of [
    ['effvit.mjs', ['--version']],
    ['classifier_node', ['--help']],
  ] as const) {
    it(`are as many as there may be workers: ${program}`, () => {
      const { UV_THREADPOOL_SIZE: _, ...others } = process.env;
      const run = spawnSync(packagePath('bin', program), args, {
        env: { ...others, NODE_OPTIONS: TELL },
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.equal(run.status, 0, run.stderr);
      assert.match(run.stderr, new RegExp(`^${MAX_THREADS}$`, 'm'));
    });
  }
});
