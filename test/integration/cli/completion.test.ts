import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { completeInShell, hasShell, SHELLS } from '../../helpers/completeInShell.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

for (const shell of SHELLS) {
  describe(`effvit completion ${shell}`, () => {
    const scratch = scratchFolder();
    let script = '';

    before(async function () {
      if (!hasShell(shell)) leaveOut(this, `No ${shell} is installed: its completion was not tried.`);
      const run = await runEffvit(['completion', shell]);
      assert.equal(run.code, 0, run.stderr);
      script = run.stdout;
    });

    beforeEach(() => {
      writeFileSync(scratch.path('drive one.mcap'), '');
      mkdirSync(scratch.path('drive_two'));
    });

    const offered = (line: string): string[] => completeInShell(shell, script, line, scratch.path());
    /** zsh and fish list `drive_two/` where bash says that it is a folder otherwise. */
    const paths = (line: string): string[] =>
      offered(line)
        .map((path) => path.replaceAll('\\', '').replace(/\/$/, ''))
        .filter((path) => path.startsWith('drive'));

    it('completes commands and those below them', () => {
      assert.deepEqual(offered('effvit be'), ['bench']);
      assert.deepEqual(offered('effvit model pu'), ['pull']);
      assert.deepEqual([...offered('effvit model ')].sort(), ['build', 'import', 'info', 'list', 'pull']);
    });

    it('completes options of the command at hand', () => {
      assert.deepEqual(offered('effvit bench --frame'), ['--frame-count']);
      assert.deepEqual(offered('effvit replay --frame'), []);
      assert.deepEqual(offered('effvit replay drive_two --save'), ['--save-expected']);
    });

    it('completes the values of an option', () => {
      assert.deepEqual(offered('effvit bench --backend bpu_'), ['bpu_sim']);
      assert.deepEqual([...offered('effvit model pull --for ')].sort(), ['cpu', 'rdk-x3', 'rdk-x5']);
      assert.deepEqual(offered('effvit completion fi'), ['fish']);
    });

    it('completes a value behind an equals sign', () => {
      // fish offers the whole word, bash and zsh what follows the sign.
      const [only = '', ...others] = offered('effvit bench --backend=bpu_');
      assert.equal(only.replace('--backend=', ''), 'bpu_sim');
      assert.deepEqual(others, []);
    });

    it('completes models by name', () => {
      assert.ok(offered('effvit bench --model efficientvit_m').includes('efficientvit_m5_signs'));
      assert.deepEqual(offered('effvit model pull efficientvit_m5_'), ['efficientvit_m5_signs']);
    });

    it('completes paths where a path may stand, and nowhere else', () => {
      assert.deepEqual(paths('effvit replay dri').sort(), ['drive one.mcap', 'drive_two']);
      assert.deepEqual(paths('effvit replay --output drive_'), ['drive_two']);
      assert.deepEqual(paths('effvit bench --model drive_'), ['drive_two']);
      assert.deepEqual(offered('effvit replay --threads dri'), []);
      assert.deepEqual(offered('effvit doctor dri'), []);
    });
  });
}

describe('effvit completion', () => {
  it('refuses a shell that it does not know, and names those that it does', async () => {
    const run = await runEffvit(['completion', 'tcsh']);
    assert.equal(run.code, 2);
    assert.match(run.stderr, /bash, zsh, fish/);
  });
});
