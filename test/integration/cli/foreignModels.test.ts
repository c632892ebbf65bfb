import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { writeOnnx } from '../../../src/onnx/serializeOnnx.js';
import { type ClassifierGraphOptions, classifierGraph, type Step } from '../../helpers/classifierGraph.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

interface Results {
  readonly results: readonly { readonly label: string; readonly score: number }[];
}

/** Models as other people's exporters write them. */
describe('effvit classify with ONNX files of others', () => {
  const scratch = scratchFolder();
  const GAIN: Step = ['Mul', [4]];

  async function classify(
    options: ClassifierGraphOptions,
    folder = 'm',
  ): Promise<Results & { stderr: string }> {
    mkdirSync(scratch.path(folder), { recursive: true });
    const model = scratch.path(folder, 'model.onnx');
    await writeOnnx(model, classifierGraph(options));
    const picture = scratch.path('blue.png');
    const background = { r: 30, g: 60, b: 220 };
    await sharp({ create: { width: 90, height: 70, channels: 3, background } }).toFile(picture);
    const run = await runEffvit(['classify', picture, '--model', model, '--json']);
    assert.equal(run.code, 0, run.stderr);
    return { ...(JSON.parse(run.stdout) as Results), stderr: run.stderr };
  }

  it('gives the same scores whether or not the file ends in Softmax', async () => {
    const logits = await classify({ tail: [GAIN] });
    const probabilities = await classify({ tail: [GAIN, ['Softmax']] });
    assert.ok((logits.results[0]?.score ?? 0) > 0.9);
    for (const [index, { label, score }] of logits.results.entries()) {
      assert.equal(probabilities.results[index]?.label, label);
      assert.ok(Math.abs((probabilities.results[index]?.score ?? 0) - score) < 1e-6);
    }
    assert.doesNotMatch(probabilities.stderr, /logits/);
  });

  it('takes NHWC pixels of uint8 in an odd size, with labels from the metadata', async () => {
    const { results, stderr } = await classify({
      inputType: 'uint8',
      inputShape: ['batch', 33, 47, 3],
      head: [['Cast'], ['Mul', [1 / 255]]],
      tail: [GAIN, ['Softmax']],
      metadata: { names: "{0: 'red', 1: 'green', 2: 'blue'}" },
    });
    assert.deepEqual([results[0]?.label, stderr], ['blue', '']);
    // exp(4 * 220 / 255) over the sum of the three.
    const [red = 0, green = 0, blue = 0] = [30, 60, 220].map((level) => Math.exp((4 * level) / 255));
    assert.ok(Math.abs((results[0]?.score ?? 0) - blue / (red + green + blue)) < 0.005);
  });

  it('reports a manifest that contradicts the scores, at the first frame', async () => {
    mkdirSync(scratch.path('wrong'));
    writeFileSync(scratch.path('wrong', 'manifest.yaml'), 'output: { activation: logits }\n');
    const { stderr } = await classify({ tail: [GAIN, ['Softmax']] }, 'wrong');
    assert.match(
      stderr,
      /scores of wrong lie .* taken for logits.*`output: \{ activation: probabilities \}`/,
    );
    writeFileSync(scratch.path('wrong', 'manifest.yaml'), 'output: { activation: probabilities }\n');
    assert.match((await classify({ tail: [GAIN] }, 'wrong')).stderr, /so they are logits, but its manifest/);
  });

  it("refuses Keras's file alone, and takes it with one of the lines that it names", async () => {
    const options: ClassifierGraphOptions = {
      inputShape: [null, 32, 32, 3],
      tail: [['Softmax']],
      producer: 'tf2onnx',
    };
    await assert.rejects(classify(options, 'keras'), /write one line into a manifest\.yaml beside it/);
    const line = 'input: { color: bgr, mean: [103.939, 116.779, 123.68], scale: [1, 1, 1] }\n';
    writeFileSync(scratch.path('keras', 'manifest.yaml'), line);
    // Blue stands first in BGR.
    assert.equal((await classify(options, 'keras')).results[0]?.label, 'class_0');
  });
});
