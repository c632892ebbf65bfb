import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';
import { sha256File } from '../../../src/core/sha256File.js';
import { loadLabels } from '../../../src/model/labels.js';
import { requireModelFile } from '../../../src/model/modelFiles.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import { integersOf, readBoardLogits } from '../../../training/BoardLogits.js';
import { bundledInputs } from '../../../training/bundledInputs.js';

describe('integersOf', () => {
  it('finds the integers of logits, and rejects other values', () => {
    const scales = [1.2030362e-4, 8.365028e-5].map(Math.fround);
    const logits = Float32Array.from([-131_071, 99_999], (integer, index) => integer * (scales[index] ?? 0));
    assert.deepEqual(integersOf(logits, scales), [-131_071, 99_999]);
    logits[1] = (logits[1] ?? 0) + 4e-5;
    assert.throws(() => integersOf(logits, scales), /logit 1 is 8\.36\d+, which is no whole multiple/);
  });
});

describe('the logits that a board gives to the bundled recording', () => {
  it('are of the .bin that the bundled model has', async () => {
    const manifest = await resolveModel('efficientvit_m5_signs');
    const { binSha256 } = readBoardLogits();
    assert.equal(manifest.files.bpu['rdk-x5']?.sha256, binSha256);
    assert.equal(await sha256File(await requireModelFile(manifest, 'bpu', 'rdk-x5')), binSha256);
  });

  it('are of the pictures that the node hands over, and name the sign as the float model does', async () => {
    const manifest = await resolveModel('efficientvit_m5_signs');
    const { scales, frames } = readBoardLogits();
    const labels = await loadLabels(manifest, scales.length);
    const float = JSON.parse(readFileSync(packagePath('bags', 'signs_drive_expected.json'), 'utf8')) as {
      readonly frames: readonly { topic: string; stamp: number[]; results: { label: string }[] }[];
    };
    let index = 0;
    let agreeing = 0;
    for await (const { topic, stamp, nv12Sha256 } of bundledInputs(manifest)) {
      const frame = frames[index++];
      assert.deepEqual(
        { topic, stamp, nv12Sha256 },
        { topic: frame?.topic, stamp: frame?.stamp, nv12Sha256: frame?.nv12Sha256 },
      );
      const logits = scales.map((scale, place) => scale * (frame?.integers[place] ?? Number.NaN));
      const best = labels[logits.indexOf(Math.max(...logits))];
      const same = float.frames.find((one) => one.topic === topic && `${one.stamp}` === `${stamp}`);
      if (same?.results[0]?.label === best) agreeing++;
    }
    assert.equal(index, frames.length);
    assert.ok(agreeing >= 0.95 * frames.length, `${agreeing} of ${frames.length} frames agree`);
  });
});
