import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const LEAVE_OUT = new URL('../../helpers/leaveOut.js', import.meta.url).href;
const TELL_ON_FAILURE = new URL('../../helpers/tellOnFailure.js', import.meta.url).href;
const TELL_STAND_IN = new URL('../../helpers/tellStandIn.js', import.meta.url).href;

describe('reporter of npm test', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();

  function run(suite: string, ci: boolean): { readonly code: number | null; readonly output: string } {
    const file = scratch.path('suite.mjs');
    const imports = [
      `import { leaveOut } from ${JSON.stringify(LEAVE_OUT)};`,
      `import { tellOnFailure } from ${JSON.stringify(TELL_ON_FAILURE)};`,
      `import { tellStandIn } from ${JSON.stringify(TELL_STAND_IN)};`,
    ];
    writeFileSync(file, [...imports, suite].join('\n'));
    const mocha = packagePath('node_modules', 'mocha', 'bin', 'mocha.js');
    const reporter = packagePath('scripts', 'mochaReporter.cjs');
    const done = spawnSync(process.execPath, [mocha, '--no-config', '--reporter', reporter, file], {
      encoding: 'utf8',
      env: { ...process.env, CI: String(ci) },
      timeout: 200_000,
    });
    return { code: done.status, output: done.stdout };
  }

  it('names what ran with a stand-in, which counts as passed, in CI too', () => {
    const suite = `describe('launch', () => {
      before(function () { tellStandIn(this, 'its double: it is not installed'); });
      it('starts', () => undefined);
      it('ends', function () { tellStandIn(this, 'a short bag'); });
    });`;
    const { code, output } = run(suite, true);
    assert.equal(code, 0, output);
    assert.match(
      output,
      /^ {2}launch: with its double: it is not installed\n {2}launch ends: with a short bag$/m,
    );
    assert.match(output, /^2 passed, 0 failed, 0 skipped$/m);
  });

  it('prints the notes of a test below it, where it fails', () => {
    const suite = `describe('node', () => {
      it('runs', () => tellOnFailure('node 1', () => 'all is well'));
      it('falls', () => { let said = ''; tellOnFailure('node 2', () => said); said = 'I am ill'; throw new Error('fell'); });
      it('stumbles', () => { throw new Error('stumbled'); });
    });`;
    const { code, output } = run(suite, false);
    assert.equal(code, 2, output);
    assert.deepEqual(output.match(/^---- .*:\n.*\n----$/gm), ['---- node 2:\nI am ill\n----']);
  });

  it('names what was left out, and why; in CI what ROS lacks has failed', () => {
    const suite = `describe('node', () => {
      it('turns', function () { leaveOut(this, 'ROS: there is none'); });
      it('draws', function () { leaveOut(this, 'there is no pencil'); });
      it('is', () => undefined);
    });`;
    const here = run(suite, false);
    assert.equal(here.code, 0, here.output);
    assert.match(
      here.output,
      /because ROS: there is none\n {4}- node turns\n {2}because there is no pencil\n/,
    );
    assert.match(here.output, /^1 passed, 0 failed, 2 skipped$/m);
    assert.doesNotMatch(here.output, /STAND-INS/);
    const inCi = run(suite, true);
    assert.equal(inCi.code, 1, inCi.output);
    assert.match(inCi.output, /^1 passed, 1 failed, 2 skipped$/m);
  });
});
