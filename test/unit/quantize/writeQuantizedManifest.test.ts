import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadLabels } from '../../../src/model/labels.js';
import type { ModelManifest } from '../../../src/model/ModelManifest.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import { writeOnnx } from '../../../src/onnx/serializeOnnx.js';
import { writeQuantizedManifest } from '../../../src/quantize/writeQuantizedManifest.js';
import { colourModel } from '../../helpers/colourModel.js';

describe('writeQuantizedManifest', () => {
  let folder = '';
  let onnxPath = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'effvit-manifest-'));
    onnxPath = join(folder, 'm5_int8.onnx');
    await writeOnnx(onnxPath, colourModel());
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** What decides how a picture is shown to a model and how its answer is read. */
  function use({ input, preprocess, output }: ModelManifest): unknown {
    const { name: _input, ...shape } = input;
    const { name: _output, ...answer } = output;
    return { shape, preprocess, answer };
  }

  for (const name of ['efficientvit_m5_signs', 'efficientvit_m5']) {
    it(`lets the file be used as ${name} is, by its path and by its folder`, async () => {
      const float = await resolveModel(name);
      const path = await writeQuantizedManifest(float, onnxPath);
      assert.equal(path, join(folder, 'manifest.yaml'));
      for (const named of [onnxPath, folder]) {
        const manifest = await resolveModel(named);
        const count = float.output.classCount ?? 0;
        assert.deepEqual(use(manifest), use(float));
        assert.deepEqual(manifest.files.onnx, { file: onnxPath });
        assert.deepEqual(await loadLabels(manifest, count), await loadLabels(float, count));
      }
    });
  }

  it('keeps what labelled pictures say of its accuracy, unless it was calibrated on them', async () => {
    const float = await resolveModel('efficientvit_m5_signs');
    const report = {
      isComparedOnCalibration: false,
      outputs: {
        pictureCount: 1300,
        labelledCount: 1200,
        float: { top1Percent: 98.25, top5Percent: 100 },
        quantized: { top1Percent: 98.0, top5Percent: 100 },
        lostCount: 4,
        wonCount: 1,
        agreementPercent: 99.5,
        outputCosine: { mean: 0.999, min: 0.98 },
      },
      speed: { rounds: 60, floatMedianMs: 9, quantizedMedianMs: 6, ratio: 1.5 },
    };
    await writeQuantizedManifest(float, onnxPath, report);
    const figures = {
      of: float.name,
      pictures: 1200,
      top1FloatPercent: 98.25,
      top1Int8Percent: 98,
      speedup: 1.5,
    };
    assert.deepEqual((await resolveModel(onnxPath)).quantized, figures);
    await writeQuantizedManifest(float, onnxPath, { ...report, isComparedOnCalibration: true });
    assert.equal((await resolveModel(onnxPath)).quantized, undefined);
    const unlabelled = { top1Percent: null, top5Percent: null };
    const outputs = { ...report.outputs, labelledCount: 0, float: unlabelled, quantized: unlabelled };
    await writeQuantizedManifest(float, onnxPath, { ...report, outputs });
    assert.equal((await resolveModel(onnxPath)).quantized, undefined);
  });

  it('replaces what it wrote itself, and no other manifest', async () => {
    const path = join(folder, 'manifest.yaml');
    await writeQuantizedManifest(await resolveModel('efficientvit_m5'), onnxPath);
    await writeQuantizedManifest(await resolveModel('efficientvit_m5_signs'), onnxPath);
    assert.equal((await resolveModel(onnxPath)).name, 'efficientvit_m5_signs_int8');
    await writeFile(path, 'name: mine\n');
    assert.equal(await writeQuantizedManifest(await resolveModel('efficientvit_m5'), onnxPath), undefined);
    assert.equal(await readFile(path, 'utf8'), 'name: mine\n');
  });

  it('has nothing to write for a bare file', async () => {
    const float = await resolveModel(onnxPath);
    assert.equal(await writeQuantizedManifest(float, onnxPath), undefined);
    await assert.rejects(readFile(join(folder, 'manifest.yaml')), { code: 'ENOENT' });
  });
});
