import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagePath } from '../../../src/core/packageRoot.js';
import { writeColourModel } from '../../helpers/colourModel.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const MADE_UP = ['--backend', 'bpu_sim', '--threads', '1'];

describe('outputs of the commands', function () {
  // A dozen runs of the command, on a machine that may do much else.
  this.timeout(300_000);

  const scratch = scratchFolder();

  it('never replace the recording that is replayed, and replace their own', async () => {
    const drive = scratch.path('drive');
    cpSync(packagePath('bags', 'signs_drive'), drive, { recursive: true });
    const recording = join(drive, 'signs_drive_0.mcap');
    const before = readFileSync(recording);
    const model = await writeColourModel(scratch.path('colours'));
    const replay = ['replay', drive, '--model', model, '--quiet'];
    for (const option of ['--output', '--report', '--save-expected']) {
      const run = await runEffvit([...replay, option, recording, '--force']);
      assert.equal(run.code, 2, run.stdout);
      assert.match(run.stderr, /signs_drive_0\.mcap, which this command reads/);
    }
    assert.deepEqual(readFileSync(recording), before);

    const outputs = ['results.mcap', 'page.html', 'expected.json'].map((name) => scratch.path(name));
    const [results = '', page = '', expected = ''] = outputs;
    const all = ['--output', results, '--report', page, '--save-expected', expected];
    for (let time = 0; time < 2; time++) {
      const run = await runEffvit([...replay, ...all]);
      assert.equal(run.code, 0, run.stderr);
    }
    for (const path of outputs) {
      writeFileSync(path, 'mine');
      const run = await runEffvit([...replay, ...all]);
      assert.equal(run.code, 2);
      assert.match(run.stderr, /--force/);
      assert.equal(readFileSync(path, 'utf8'), 'mine');
      writeFileSync(path, '');
    }
    writeFileSync(page, 'mine');
    assert.equal((await runEffvit([...replay, ...all, '--force'])).code, 0);
  });

  it('never replace the picture or the weights', async () => {
    const picture = scratch.path('scene.png');
    cpSync(packagePath('docs', 'images', 'classify.png'), picture);
    symlinkSync(picture, scratch.path('link.png'));
    const before = readFileSync(picture);
    const model = await writeColourModel(scratch.path('colours'));
    for (const target of [picture, scratch.path('link.png')]) {
      const run = await runEffvit(['classify', picture, '--model', model, '--annotate', target, '--force']);
      assert.equal(run.code, 2);
      assert.match(run.stderr, /which this command reads/);
    }
    const annotated = scratch.path('annotated.png');
    for (let time = 0; time < 2; time++) {
      const run = await runEffvit(['classify', picture, '--model', model, '--annotate', annotated]);
      assert.equal(run.code, 0, run.stderr);
    }
    assert.deepEqual(readFileSync(picture), before);

    const weights = scratch.path('weights.safetensors');
    writeFileSync(weights, 'weights');
    const built = await runEffvit([
      'model',
      'build',
      'm5',
      '--weights',
      weights,
      '--output',
      weights,
      '--force',
    ]);
    assert.equal(built.code, 2);
    assert.equal(readFileSync(weights, 'utf8'), 'weights');
  });

  it('of a calibration never replace what it reads', async () => {
    const model = await writeColourModel(scratch.path('colours'));
    const picture = scratch.path('scene.png');
    cpSync(packagePath('docs', 'images', 'classify.png'), picture);
    const list = scratch.path('list.txt');
    writeFileSync(list, 'scene.png 0\nscene.png 1\n');
    for (const output of [list, picture, join(model, 'manifest.yaml')]) {
      const before = readFileSync(output);
      const calibrate = ['eval', list, '--model', model, '--calibrate', '--force', '--output', output];
      const run = await runEffvit(calibrate);
      assert.equal(run.code, 2, run.stdout);
      assert.match(run.stderr, /which this command reads/);
      assert.deepEqual(readFileSync(output), before);
    }
  });

  it("are known again where bench wrote them, and nobody else's are replaced", async () => {
    const bench = ['bench', ...MADE_UP, '--frame-count', '1', '--warm-up', '0', '--repetitions', '1'];
    for (const chart of ['chart.png', 'chart.svg', 'chart.html']) {
      const outputs = ['--chart', scratch.path(chart), '--profile', scratch.path('profiler.log')];
      for (let time = 0; time < 2; time++) {
        const run = await runEffvit([...bench, ...outputs]);
        assert.equal(run.code, 0, run.stderr);
      }
    }
    writeFileSync(scratch.path('diary.html'), '<!doctype html>');
    const run = await runEffvit([...bench, '--chart', scratch.path('diary.html')]);
    assert.equal(run.code, 2);
    const deep = await runEffvit([...bench, '--chart', scratch.path('a', 'b', 'c.svg')]);
    assert.equal(deep.code, 2);
    assert.equal(existsSync(scratch.path('a')), false);
  });
});
