import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { packagePath } from '../../../src/core/packageRoot.js';
import { writeOnnx } from '../../../src/onnx/serializeOnnx.js';
import { colourModel, writeColourModel } from '../../helpers/colourModel.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

interface PictureLine {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly results: { index: number; label: string; score: number }[];
  readonly timings_ms: Record<string, number>;
}

const jsonLines = (stdout: string): PictureLine[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PictureLine);

describe('effvit classify and eval', () => {
  const scratch = scratchFolder();
  let model = '';

  beforeEach(async () => {
    model = await writeColourModel(scratch.path('colours'));
  });

  async function picture(name: string, channel: number, widthPx = 96, heightPx = 64): Promise<string> {
    const background = { r: 40, g: 40, b: 40, [['r', 'g', 'b'][channel] ?? 'r']: 200 };
    const path = scratch.path(name);
    await sharp({ create: { width: widthPx, height: heightPx, channels: 3, background } }).toFile(path);
    return path;
  }

  it('gives a line of JSON a picture, in the order of the arguments', async () => {
    const files = [
      await picture('rouge été.png', 0),
      await picture('b.jpg', 2, 31, 500),
      await picture('g.jpg', 1),
    ];
    const run = await runEffvit(['classify', ...files, '--model', model, '--json']);
    assert.equal(run.code, 0, run.stderr);
    const lines = jsonLines(run.stdout);
    assert.deepEqual(
      lines.map(({ file, width, height, results }) => [file, width, height, results[0]?.label]),
      [
        [files[0], 96, 64, 'red'],
        [files[1], 31, 500, 'blue'],
        [files[2], 96, 64, 'green'],
      ],
    );
    for (const { results, timings_ms } of lines) {
      const sum = results.reduce((total, result) => total + result.score, 0);
      assert.ok(Math.abs(sum - 1) < 1e-9);
      assert.deepEqual(Object.keys(timings_ms), [
        'decode',
        'preprocess',
        'inference',
        'postprocess',
        'total',
      ]);
    }
  });

  it('takes folders and lists of pictures, in their order, and names what it leaves out', async () => {
    mkdirSync(scratch.path('few', 'deeper'), { recursive: true });
    const folder = [await picture('few/1.png', 0), await picture('few/2.jpg', 2)];
    const deeper = await picture('few/deeper/0.png', 1);
    writeFileSync(scratch.path('few', 'notes.md'), '');
    writeFileSync(scratch.path('list.txt'), `# mine\nfew/2.jpg 2\n${folder[0]}\nfew/clip.mp4\n`);
    const given = [scratch.path('list.txt'), scratch.path('few'), deeper];
    const run = await runEffvit(['classify', ...given, '--model', model, '--json']);
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(
      jsonLines(run.stdout).map(({ file, results }) => [file, results[0]?.label]),
      [
        [folder[1], 'blue'],
        [folder[0], 'red'],
        [folder[0], 'red'],
        [folder[1], 'blue'],
        [deeper, 'green'],
        [deeper, 'green'],
      ],
    );
    assert.match(run.stderr, /Left out of .*list\.txt.*: 1 \.mp4\.\nLeft out of .*few.*: 1 \.md\.\n/);
    mkdirSync(scratch.path('none'));
    const none = await runEffvit(['classify', scratch.path('none'), '--model', model]);
    assert.deepEqual([none.code, none.stdout], [1, '']);
    assert.match(none.stderr, /none has no picture: expected \.jpg/);
  });

  it('goes on after a file that is no picture, and says so by its exit code', async () => {
    writeFileSync(scratch.path('text.jpg'), 'This is no picture.');
    writeFileSync(scratch.path('empty.png'), '');
    const good = await picture('good.jpg', 0);
    const cut = scratch.path('cut.jpg');
    writeFileSync(cut, readFileSync(good).subarray(0, 120));
    const bad = [scratch.path('text.jpg'), scratch.path('empty.png'), scratch.path('absent.jpg'), cut];
    const run = await runEffvit(['classify', ...bad, good, '--model', model, '--json']);
    assert.equal(run.code, 1);
    assert.deepEqual(
      jsonLines(run.stdout).map(({ file }) => file),
      [good],
    );
    const lines = run.stderr.trim().split('\n');
    assert.equal(lines.length, bad.length, run.stderr);
    for (const [index, path] of bad.entries()) assert.ok(lines[index]?.includes(path), lines[index]);
  });

  it('refuses a model that is none, or another kind of model, or gives no numbers', async () => {
    const file = await picture('p.jpg', 0);
    writeFileSync(scratch.path('text.onnx'), 'This is no model.');
    await writeOnnx(scratch.path('nan.onnx'), colourModel('nan'));
    await writeOnnx(scratch.path('two.onnx'), colourModel('two_inputs'));
    await writeOnnx(scratch.path('shape.onnx'), colourModel('wrong_shape'));
    const cases: [string, RegExp][] = [
      ['text.onnx', /text\.onnx/],
      ['nan.onnx', /NaN|not a number|no number/i],
      ['two.onnx', /two\.onnx.*input/],
      ['shape.onnx', /shape\.onnx.*225/],
      ['absent.onnx', /absent\.onnx/],
    ];
    for (const [name, message] of cases) {
      const run = await runEffvit(['classify', file, '--model', scratch.path(name)]);
      assert.equal(run.code, 1, `${name}: ${run.stderr}`);
      assert.match(run.stderr, message);
      assert.equal(run.stdout, '');
    }
  });

  it('judges labelled pictures: top-1, top-5, classes, confusions', async () => {
    const paths = [await picture('0.png', 0), await picture('1.png', 1), await picture('2.png', 2)];
    // The last one is labelled wrongly on purpose.
    writeFileSync(scratch.path('list.txt'), `${paths[0]} 0\n1.png 1\n2.png 1\n`);
    const run = await runEffvit(['eval', scratch.path('list.txt'), '--model', model, '--json']);
    assert.equal(run.code, 0, run.stderr);
    const report = JSON.parse(run.stdout) as Record<string, unknown>;
    assert.equal(report['pictures'], 3);
    assert.ok(Math.abs(Number(report['top1_percent']) - 200 / 3) < 1e-9);
    assert.equal(report['top5_percent'], 100);
    assert.deepEqual(report['confusions'], [{ truth: 'green', predicted: 'blue', pictures: 1 }]);
    mkdirSync(scratch.path('set', 'red'), { recursive: true });
    writeFileSync(scratch.path('set', 'red', 'a.png'), readFileSync(paths[0] ?? ''));
    const folder = await runEffvit(['eval', scratch.path('set'), '--model', model]);
    assert.equal(folder.code, 0, folder.stderr);
    assert.match(folder.stdout, /top-1 100\.00 %/);
  });

  it('calibrates: fits the temperature, writes it into the manifest, and the scores go by it from then on', async () => {
    const paths = [await picture('0.png', 0), await picture('1.png', 1)];
    // Each twice right, and once wrong: at the best temperature the scores say two thirds or so.
    const lines = paths.flatMap((path, index) => [`${path} ${index}`, `${path} ${index}`, `${path} 2`]);
    writeFileSync(scratch.path('list.txt'), lines.join('\n'));
    const run = async (...args: readonly string[]) => {
      const done = await runEffvit(['eval', scratch.path('list.txt'), '--model', model, '--json', ...args]);
      assert.equal(done.code, 0, done.stderr);
      return JSON.parse(done.stdout) as {
        calibration: { temperature: number; ece_percent: number; nll: number };
        calibrated?: { temperature: number; ece_percent: number; nll: number };
      };
    };
    const before = await run('--calibrate');
    assert.equal(before.calibration.temperature, 1);
    const { calibrated } = before;
    assert.ok(calibrated !== undefined && calibrated.temperature > 1);
    assert.ok(calibrated.nll < before.calibration.nll);
    assert.ok(calibrated.ece_percent < before.calibration.ece_percent);
    assert.match(readFileSync(join(model, 'manifest.yaml'), 'utf8'), /temperature: /);
    const after = await run();
    assert.ok(Math.abs(after.calibration.temperature / calibrated.temperature - 1) < 1e-5);
    assert.ok(Math.abs(after.calibration.ece_percent - calibrated.ece_percent) < 0.01);
    const scoreAt = async (...args: readonly string[]): Promise<number> => {
      const done = await runEffvit(['classify', paths[0] ?? '', '--model', model, '--json', ...args]);
      return jsonLines(done.stdout)[0]?.results[0]?.score ?? Number.NaN;
    };
    const score = await scoreAt();
    assert.ok(score > 0.5 && score < 0.8, `${score}`);
    assert.ok((await scoreAt('--temperature', '1')) > 0.99);
  });

  it('writes no manifest over another one, nor a temperature that all pictures leave open', async () => {
    const path = await picture('0.png', 0);
    writeFileSync(scratch.path('list.txt'), `${path} 0\n`);
    const own = readFileSync(join(model, 'manifest.yaml'), 'utf8');
    const evaluate = ['eval', scratch.path('list.txt'), '--model', model];
    const open = await runEffvit([...evaluate, '--calibrate']);
    assert.equal(open.code, 0);
    assert.match(open.stderr, /no maximum at any temperature/);
    writeFileSync(scratch.path('manifest.yaml'), 'name: other\n');
    const refused = await runEffvit([...evaluate, '--calibrate', '--output', scratch.path('manifest.yaml')]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--output .* exists .*--force/);
    const lost = await runEffvit([...evaluate, '--output', scratch.path('new.yaml')]);
    assert.equal(lost.code, 2);
    assert.match(lost.stderr, /is for --calibrate/);
    assert.equal(readFileSync(join(model, 'manifest.yaml'), 'utf8'), own);
    assert.equal(readFileSync(scratch.path('manifest.yaml'), 'utf8'), 'name: other\n');
  });

  it('compares the pictures of the classes with others, and counts those that a threshold calls UNKNOWN', async () => {
    const paths = [await picture('0.png', 0), await picture('1.png', 1)];
    writeFileSync(scratch.path('list.txt'), paths.map((path, index) => `${path} ${index}`).join('\n'));
    mkdirSync(scratch.path('others'));
    const black = {
      create: { width: 64, height: 64, channels: 3, background: { r: 0, g: 0, b: 0 } },
    } as const;
    for (const name of ['a.png', 'b.png']) await sharp(black).toFile(scratch.path('others', name));
    const args = ['--others', scratch.path('others'), '--known-score', 'energy'];
    const evaluate = ['eval', scratch.path('list.txt'), '--model', model, ...args];
    const run = await runEffvit([...evaluate, '--known-score-threshold', '0', '--json']);
    assert.equal(run.code, 0, run.stderr);
    const report = JSON.parse(run.stdout) as Record<string, unknown>;
    assert.equal(report['top1_percent'], 100);
    assert.equal(report['others'], 2);
    const { energy } = report['known_scores'] as Record<string, { auroc: number; p5: number }>;
    assert.equal(energy?.auroc, 1);
    assert.deepEqual(report['unknown'], { known_score: 'energy', threshold: 0, pictures: 0, others: 2 });
    const text = await runEffvit([...evaluate, '--known-score-threshold', '1000']);
    assert.match(text.stdout, /UNKNOWN with energy below 1000: 2 of 2 pictures and 2 of 2 others/);
  });

  it('fails when a labelled picture cannot be read: a set with a hole is no measurement', async () => {
    await picture('0.png', 0);
    writeFileSync(scratch.path('list.txt'), '0.png 0\nabsent.png 1\n');
    const run = await runEffvit(['eval', scratch.path('list.txt'), '--model', model]);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /absent\.png/);
    assert.match(run.stdout, /of 1 pictures/);
  });

  it('gives real pictures their plain answers by a model that was not made here', async function () {
    const data = packagePath('..', 'shared', 'data');
    const mobilenet = join(data, 'mobilenet_v2_1.0_224.onnx');
    if (!existsSync(mobilenet)) leaveOut(this, 'the folder ../shared/data with real pictures is not here');
    const names = ['hook.JPEG', 'goldfish.jpg', 'kimono.jpg', 'horse-cart.jpg', 'cat.jpg'];
    const files = names.map((name) => join(data, 'pictures', name));
    const run = await runEffvit(['classify', ...files, '--model', mobilenet, '--json']);
    assert.equal(run.code, 0, run.stderr);
    const answers = jsonLines(run.stdout).map(({ results }) => results[0]);
    assert.deepEqual(
      answers.map((result) => result?.label.split(',')[0]),
      ['hook', 'goldfish', 'kimono', 'horse cart', 'tabby'],
    );
    assert.equal(answers[0]?.index, 600);
    assert.ok(Math.abs((answers[0]?.score ?? 0) - 0.79) <= 0.03, `hook at ${answers[0]?.score}`);
  });
});
