import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { checkModelFolder } from '../../../src/compile/writeModelFolder.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('checkModelFolder', () => {
  const scratch = scratchFolder();

  it('takes a new folder, an empty one, and one of its own', async () => {
    await checkModelFolder(scratch.path('new'));
    mkdirSync(scratch.path('out'));
    await checkModelFolder(scratch.path('out'));
    writeFileSync(scratch.path('out', 'manifest.yaml'), '# Written by effvit compile from m5\n');
    for (const name of ['m5.bin', 'labels.txt', 'quantized_model.onnx']) {
      writeFileSync(scratch.path('out', name), '');
    }
    await checkModelFolder(scratch.path('out'));
  });

  it('refuses one of its own with a file of the user, and any other', async () => {
    writeFileSync(scratch.path('manifest.yaml'), '# Written by effvit compile from m5\n');
    writeFileSync(scratch.path('compile.yaml'), 'mine');
    await assert.rejects(checkModelFolder(scratch.path()), /compile\.yaml in it was not written by effvit/);
    writeFileSync(scratch.path('manifest.yaml'), 'name: mine\n');
    await assert.rejects(checkModelFolder(scratch.path()), /was not written by effvit compile/);
  });
});
