import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { packagePath } from '../../../src/core/packageRoot.js';
import { shellBlocks } from '../../helpers/docs/markdown.js';
import { toldNeeds } from '../../helpers/docs/needs.js';
import { shellCommands } from '../../helpers/docs/shellLines.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const PAGE = 'docs/user/commands.md';

/** The commands of the page's blocks that need nothing beyond a clone. */
function firstSteps(): readonly (readonly string[])[] {
  return shellBlocks(PAGE, readFileSync(packagePath(PAGE), 'utf8'))
    .filter(({ text }) => toldNeeds(text).size === 0)
    .flatMap(({ text }) => shellCommands(text))
    .filter(({ words }) => words[0] === 'npx' && words[1] === 'effvit')
    .map(({ words }) => words.slice(2));
}

describe(`first steps of ${PAGE}`, () => {
  const scratch = scratchFolder();

  it('do what they say, one after the other', async () => {
    for (const name of ['bags', 'config', 'docs']) symlinkSync(packagePath(name), scratch.path(name));
    const steps = firstSteps();
    assert.deepEqual(
      steps.map(([command]) => command),
      ['classify', 'replay', 'bench', 'quantize', 'classify'],
    );
    for (const words of steps) {
      const run = await runEffvit(words, { cwd: scratch.path(), limitMs: 300_000 });
      assert.equal(run.code, 0, `effvit ${words.join(' ')}: ${run.stderr}`);
    }
    const heads = {
      'result.png': '\x89PNG',
      'drive.html': '<!doctype html>',
      'results.mcap': '\x89MCAP',
      'bench.svg': '<svg',
      'efficientvit_m5_224x224_nv12_int8.onnx': '\x08',
    };
    for (const [name, head] of Object.entries(heads)) {
      const content = await readFile(scratch.path(name), 'latin1');
      assert.equal(content.slice(0, head.length), head, name);
    }
  }).timeout(600_000);
});
