import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { packagePath } from '../../../src/core/packageRoot.js';

/** A host program: what it sees of itself before the package is used, and after. */
const HOST = `
const look = () => JSON.stringify({
  listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]).sort(),
  execArgv: process.execArgv,
  exitCode: process.exitCode ?? null,
});
const before = look();
await import(process.argv[1]);
const { guardExit, releaseExit } = await import(new URL('./pool/exitGuard.js', process.argv[1]).href);
const { BagTarget } = await import(new URL('./bag/writing/BagTarget.js', process.argv[1]).href);
const channel = {};
guardExit(channel);
const target = await BagTarget.create(process.argv[2]);
const during = look();
await target.remove();
releaseExit(channel);
console.log(JSON.stringify([before, during, look()]));
`;

describe('a program that uses the package', () => {
  it('keeps its own exit: no listener of the process comes with it', () => {
    const index = packagePath('build', 'src', 'index.js');
    const run = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', HOST, `file://${index}`, '/tmp/effvit-host-untouched.mcap'],
      { encoding: 'utf8', timeout: 60_000 },
    );
    assert.equal(run.status, 0, run.stderr);
    const [before, during, after] = JSON.parse(run.stdout) as string[];
    assert.equal(during, before);
    assert.equal(after, before);
  });
});
