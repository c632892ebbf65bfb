import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModelFile, parseEfficientVitVariant } from '../../../src/efficientvit/buildModelFile.js';
import {
  countParameters,
  EFFICIENTVIT_ARCHITECTURES,
  expectedTensors,
} from '../../../src/efficientvit/EfficientVitArchitecture.js';
import { readOnnx } from '../../../src/onnx/readOnnx.js';
import { formulaPicture, formulaWeights, measuredLogits } from '../../helpers/formulaWeights.js';
import { relativeDifference, runOnnx } from '../../helpers/runOnnx.js';
import { writeSafetensors } from '../../helpers/writeSafetensors.js';

describe('buildModelFile', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'effvit-build-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('writes the same file for the same weights, and says what is in it', async () => {
    const weightsPath = join(folder, 'm0.safetensors');
    await writeSafetensors(weightsPath, formulaWeights('m0'));
    const outputPath = join(folder, 'new', 'm0.onnx');
    const built = await buildModelFile({ variant: 'm0', weightsPath, outputPath });
    const content = await readFile(outputPath);
    assert.deepEqual(built, {
      parameters: 2349436,
      classCount: 1000,
      nodes: 595,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    });
    assert.equal((await buildModelFile({ variant: 'm0', weightsPath, outputPath })).sha256, built.sha256);
    const logits = await runOnnx(await readOnnx(outputPath), formulaPicture(), [1, 3, 224, 224]);
    assert.ok(relativeDifference(logits, measuredLogits().m0.logits) < 1e-5);
  });

  it('takes weights in float16, at float16 precision', async () => {
    const weightsPath = join(folder, 'm0.safetensors');
    await writeSafetensors(weightsPath, formulaWeights('m0'), { dtype: 'F16' });
    const outputPath = join(folder, 'm0.onnx');
    await buildModelFile({ variant: 'm0', weightsPath, outputPath });
    assert.ok((await stat(weightsPath)).size < (await stat(outputPath)).size * 0.6);
    const logits = await runOnnx(await readOnnx(outputPath), formulaPicture(), [1, 3, 224, 224]);
    const difference = relativeDifference(logits, measuredLogits().m0.logits);
    assert.ok(difference < 1e-2 && difference > 1e-6, `${difference}`);
  });

  it('writes nothing where the weights are no good', async () => {
    const weightsPath = join(folder, 'bad.safetensors');
    const outputPath = join(folder, 'm0.onnx');
    await assert.rejects(buildModelFile({ variant: 'm0', weightsPath, outputPath }), { code: 'NOT_FOUND' });
    await writeFile(weightsPath, 'no weights at all');
    await assert.rejects(buildModelFile({ variant: 'm0', weightsPath, outputPath }), { code: 'BAD_WEIGHTS' });
    await writeSafetensors(weightsPath, new Map([['x', { dims: [1], data: new Float32Array(1) }]]));
    await assert.rejects(buildModelFile({ variant: 'm0', weightsPath, outputPath }), {
      code: 'BAD_WEIGHTS',
      message:
        /bad\.safetensors holds the weights of another network than efficientvit_m0: it has tensors such as x,/,
    });
    assert.deepEqual(await readdir(folder), ['bad.safetensors']);
  });

  it('counts parameters as timm does', () => {
    for (const [variant, { parameters }] of Object.entries(measuredLogits())) {
      const architecture = EFFICIENTVIT_ARCHITECTURES[parseEfficientVitVariant(variant)];
      assert.equal(countParameters(expectedTensors(architecture, 1000)), parameters, variant);
    }
  });
});

describe('parseEfficientVitVariant', () => {
  it('takes both spellings and suggests the nearest', () => {
    assert.equal(parseEfficientVitVariant('m5'), 'm5');
    assert.equal(parseEfficientVitVariant('EfficientViT_M0'), 'm0');
    assert.throws(() => parseEfficientVitVariant('eficientvit_m5'), {
      code: 'BAD_ARGUMENT',
      message: /received "eficientvit_m5": did you mean efficientvit_m5\?$/,
    });
    assert.throws(() => parseEfficientVitVariant('resnet50'), { message: /received "resnet50"\.$/ });
  });
});
