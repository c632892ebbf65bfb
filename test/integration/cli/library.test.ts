import assert from 'node:assert/strict';
import { packagePath } from '../../../src/core/packageRoot.js';
import { runScript } from '../../helpers/runScript.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('effvit as a library', () => {
  const scratch = scratchFolder();

  it("classifies a picture as the README's program does", async () => {
    const { code, stdout, stderr } = await runScript(
      'build/examples/typescript/classifyPicture.js',
      [packagePath('docs', 'images', 'scene.jpg')],
      // Nothing was pulled there, so the model that ships is taken.
      { env: { EFFVIT_CACHE: scratch.path('cache') } },
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\[\s*\{ index: 4, label: 'yield', score: 0\.9\d+ \}/);
    assert.equal(stdout.match(/label:/g)?.length, 5);
  });
});
