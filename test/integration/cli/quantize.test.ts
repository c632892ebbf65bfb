import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { attentionConfig } from '../../helpers/attentionModel.js';
import { writeColourModel } from '../../helpers/colourModel.js';
import { type EffvitRun, runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** The vendor's keys for the model of colours: its multiplication in 16 bits. */
const CONFIG = attentionConfig([
  ["'softmax'", "'logits'"],
  ['mean_value: 127.5', "mean_value: '123.675 116.28 103.53'"],
  ['0.0157 0.0157 0.0157', '0.01712475 0.017507 0.01742919'],
]);

describe('effvit quantize', () => {
  const scratch = scratchFolder();
  let model = '';
  let pictures = '';

  beforeEach(async () => {
    model = await writeColourModel(scratch.path('colours'));
    pictures = scratch.path('pictures');
    mkdirSync(pictures);
    writeFileSync(scratch.path('colours.yaml'), CONFIG);
    const lines: string[] = [];
    for (let index = 0; index < 9; index++) {
      const name = `${index}.png`;
      const background = {
        r: 20 + index,
        g: 50,
        b: 30,
        [['r', 'g', 'b'][index % 3] ?? 'r']: 150 + 8 * index,
      };
      await sharp({ create: { width: 60, height: 48, channels: 3, background } }).toFile(
        join(pictures, name),
      );
      lines.push(`${name} ${index % 3}`);
    }
    writeFileSync(join(pictures, 'list.txt'), `${lines.join('\n')}\n`);
  });

  function quantize(...more: string[]): Promise<EffvitRun> {
    return runEffvit([
      ...['quantize', scratch.path('colours.yaml'), '--model', model, '--calibration', pictures],
      ...['--coverage', 'full', '--speed-rounds', '0', '--output', scratch.path('out', 'colours_int8.onnx')],
      ...more,
    ]);
  }

  it('leaves the calibration set, a model that can be used as it is, and a report', async () => {
    const list = join(pictures, 'list.txt');
    const run = await quantize('--eval', list, '--chart', scratch.path('chart.svg'));
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /calibration set: 9 pictures in \S+calibration/);
    assert.match(run.stdout, /top-1 % +│ 100\.00 │ +100\.00 │ \+0\.00 points \(0 lost, 0 won\)/);
    assert.doesNotMatch(run.stderr, /mean_value|scale_value/);
    assert.ok(existsSync(scratch.path('chart.svg')));
    const set = readdirSync(scratch.path('out', 'calibration'));
    assert.equal(set.length, 9);
    assert.equal(statSync(scratch.path('out', 'calibration', set[0] ?? '')).size, 4 * 3 * 224 * 224);
    // The labels and the stretching of the float model come along.
    const used = await runEffvit(['eval', list, '--model', scratch.path('out', 'colours_int8.onnx')]);
    assert.equal(used.code, 0, used.stderr);
    assert.match(used.stdout, /colours_int8 on onnxruntime .*top-1 100\.00 %/);
    assert.match(used.stdout, /│ green +│/);
  });

  it('gives the report as JSON, and warns where yaml and manifest differ', async () => {
    writeFileSync(scratch.path('colours.yaml'), CONFIG.replace('123.675 116.28 103.53', '127.5'));
    const run = await quantize('--pictures', '4', '--json');
    assert.equal(run.code, 0, run.stderr);
    const report = JSON.parse(run.stdout) as {
      calibrationPictures: number;
      isComparedOnCalibration: boolean;
    };
    assert.deepEqual([report.calibrationPictures, report.isComparedOnCalibration], [4, true]);
    assert.match(
      run.stderr,
      /mean_value is 127\.5 127\.5 127\.5, but colours is run with 123\.675 116\.28 103\.53/,
    );
  });

  for (const [title, args, code, message] of [
    ['an unknown node', ['--node', 'logit=int8'], 2, /no node logit \(nearest: logits\)/],
    ['an output that is no .onnx file', ['--output', 'x.bin'], 2, /does not end in \.onnx/],
    ['a class that the model has not', ['--eval', 'wrong.txt'], 2, /index below 3/],
  ] as const) {
    it(`refuses ${title} before it writes anything`, async () => {
      writeFileSync(scratch.path('wrong.txt'), `${join(pictures, '0.png')} 3\n`);
      const run = await quantize(...args.map((arg) => (arg === 'wrong.txt' ? scratch.path(arg) : arg)));
      assert.equal(run.code, code, run.stderr);
      assert.match(run.stderr, message);
      assert.ok(!existsSync(scratch.path('out')));
    });
  }

  it('does not write over the float model', async () => {
    const float = join(model, 'colours.onnx');
    const run = await quantize('--output', float);
    assert.equal(run.code, 2);
    assert.match(run.stderr, /colours\.onnx, which this command reads/);
  });
});
