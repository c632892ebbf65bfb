import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { fitManifest } from '../../../src/fit/fitManifest.js';
import { defaultManifest } from '../../../src/model/defaultManifest.js';
import { manifestFromYaml } from '../../../src/model/loadManifest.js';
import type { ModelManifest } from '../../../src/model/ModelManifest.js';
import { parseManifest } from '../../../src/model/parseManifest.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import type { OnnxModel } from '../../../src/onnx/OnnxModel.js';
import { writeOnnx } from '../../../src/onnx/serializeOnnx.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import { classifierGraph } from '../../helpers/classifierGraph.js';
import { severalOutputs } from '../../helpers/plainClassifier.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('fitManifest', () => {
  const scratch = scratchFolder();

  async function fitted(model: OnnxModel, manifest = defaultManifest(scratch.path('m.onnx'))) {
    await writeOnnx(scratch.path('m.onnx'), model);
    return await fitManifest(manifest, scratch.path('m.onnx'));
  }

  function manifestOf(text: string): ModelManifest {
    return manifestFromYaml(parseManifest(text, 'manifest.yaml'), scratch.path('.'), 'folder');
  }

  it('takes size, layout, labels and activation of a bare file from its graph', async () => {
    const { manifest, notices } = await fitted(
      classifierGraph({
        inputShape: ['N', 299, 331, 3],
        head: [
          ['Mul', [1 / 127.5]],
          ['Sub', [1]],
        ],
        tail: [['Softmax']],
        metadata: { names: "{0: 'red', 1: 'green', 2: 'blue'}" },
        producer: 'tf2onnx',
      }),
    );
    assert.deepEqual(manifest.input, {
      widthPx: 331,
      heightPx: 299,
      layout: 'nhwc',
      color: 'rgb',
      mean: [0, 0, 0],
      scale: [1, 1, 1],
    });
    assert.equal(manifest.preprocess.resizeShortSidePx, 378);
    assert.deepEqual(manifest.output, { classCount: 3, activation: 'probabilities' });
    assert.deepEqual(manifest.labels, { kind: 'list', labels: ['red', 'green', 'blue'] });
    assert.equal(manifest.assumed, undefined);
    assert.deepEqual(notices, []);
  });

  it("assumes ImageNet's normalisation of a graph of PyTorch's, and says so", async () => {
    const { manifest, notices } = await fitted(classifierGraph());
    assert.deepEqual(manifest.input.mean, [123.675, 116.28, 103.53]);
    assert.match(notices.join(), /m\.onnx does not say how its input is normalised: ImageNet's .* assumed/);
  });

  it('divides by 255 for a graph that wants 0 to 1', async () => {
    const { manifest } = await fitted(
      classifierGraph({
        head: [
          ['Mul', [2]],
          ['Sub', [1]],
        ],
      }),
    );
    assert.deepEqual(manifest.input.mean, [0, 0, 0]);
    assert.ok(Math.abs((manifest.input.scale[0] ?? 0) * 255 - 1) < 1e-12);
  });

  it('leaves what the manifest says', async () => {
    const said = `input: { width_px: 64, height_px: 48, layout: nchw, color: bgr, mean: [1, 2, 3], scale: [1, 1, 1] }
output: { class_count: 7, activation: logits, name: scores }
labels: none
preprocess: { resize_short_side_px: 100 }
`;
    const { assumed: _, ...manifest } = manifestOf(said);
    const graph = classifierGraph({ tail: [['Softmax']], inputShape: [1, 32, 32, 3] });
    const { manifest: found } = await fitted(graph, manifestOf(said));
    assert.deepEqual(found, manifest);
  });

  it("names the line that Keras's customs need, and takes it beside the file", async () => {
    const graph = classifierGraph({ inputShape: [1, 32, 32, 3], producer: 'tf2onnx' });
    const refusal = await fitted(graph).then(
      () => assert.fail('It was taken.'),
      (error: Error) => error.message,
    );
    assert.match(refusal, /m\.onnx does not normalise its input itself/);
    const lines = [...refusal.matchAll(/`([^`]+)` \(/g)].map((match) => match[1] ?? '');
    assert.equal(lines.length, 5);
    for (const line of lines) {
      writeFileSync(scratch.path('manifest.yaml'), line);
      const { manifest, notices } = await fitManifest(
        await resolveModel(scratch.path('m.onnx')),
        scratch.path('m.onnx'),
      );
      assert.deepEqual([manifest.input.widthPx, manifest.input.layout, notices], [32, 'nhwc', []], line);
    }
    // The folder alone is enough, too: it has one model file.
    assert.deepEqual((await resolveModel(scratch.path('.'))).files.onnx, { file: scratch.path('m.onnx') });
  });

  it('chooses between several outputs', async () => {
    const nameOf = async (shapes: Record<string, number[]>, text = '') => {
      const { manifest } = await fitted(severalOutputs(shapes), text === '' ? undefined : manifestOf(text));
      return manifest.output.name;
    };
    assert.equal(await nameOf({ a: [1, 64], b: [1, 10] }, 'output: { class_count: 10 }'), 'b');
    assert.equal(await nameOf({ features: [1, 700], logits: [1, 1000] }), 'logits');
    assert.equal(await nameOf({ scores: [1, 10], aux_scores: [1, 10] }), 'scores');
    assert.equal(await nameOf({ a: [1, 10], b: [1, 10] }, 'output: { name: b }'), 'b');
    await assertRejected(
      nameOf({ a: [1, 10], b: [1, 10] }),
      'BAD_MANIFEST',
      /has 2 outputs, and each of a \(10 values\), b \(10 values\) may .*`output: \{ name: b \}`/,
    );
  });

  it('leaves files alone that it cannot read, and models of its own', async () => {
    const manifest = defaultManifest('model.ort');
    assert.deepEqual(await fitManifest(manifest, 'model.ort'), { manifest, notices: [] });
    const own = await resolveModel('efficientvit_m5_signs');
    assert.equal((await fitManifest(own, 'there/is/none.onnx')).manifest, own);
  });
});
