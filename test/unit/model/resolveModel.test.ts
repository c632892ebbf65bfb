import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadLabels } from '../../../src/model/labels.js';
import { knownModelNames, resolveModel } from '../../../src/model/resolveModel.js';
import { manifestYaml, type ScratchModels, scratchModels } from '../../helpers/scratchModels.js';

describe('resolveModel', () => {
  let scratch: ScratchModels;
  beforeEach(() => {
    scratch = scratchModels();
  });
  afterEach(() => scratch.remove());

  function file(...path: string[]): string {
    const full = join(scratch.folder, ...path);
    mkdirSync(join(full, '..'), { recursive: true });
    writeFileSync(full, 'content');
    return full;
  }

  it('finds the models of the package by name', async () => {
    const manifest = await resolveModel('efficientvit_m5', scratch.env);
    assert.equal(manifest.origin, 'package');
    assert.equal(manifest.output.classCount, 1000);
    assert.deepEqual(manifest.deviceModels['rdk-x5'], {
      cores: 1,
      serviceMs: 5.72,
      hostMs: 0.62,
      kind: 'published',
    });
    assert.equal(manifest.files.bpu['rdk-x5']?.march, 'bayes-e');
  });

  it('reads every manifest of the package', async () => {
    const names = await knownModelNames({ EFFVIT_CACHE: scratch.cache });
    assert.ok(names.length >= 7, names.join());
    for (const name of names) {
      const manifest = await resolveModel(name, scratch.env);
      assert.equal(manifest.name, name);
      assert.notEqual(manifest.licence, 'unknown', name);
      assert.ok(manifest.sources.length > 0, name);
      const classCount = manifest.output.classCount ?? 0;
      assert.equal((await loadLabels(manifest, classCount)).length, classCount, name);
    }
  });

  it('finds models in the folders of EFFVIT_MODEL_PATH, then in the cache', async () => {
    scratch.addModel('mine', manifestYaml('mine'));
    mkdirSync(join(scratch.cache, 'models', 'mine'), { recursive: true });
    mkdirSync(join(scratch.cache, 'models', 'other'), { recursive: true });
    writeFileSync(join(scratch.cache, 'models', 'mine', 'manifest.yaml'), manifestYaml('mine'));
    writeFileSync(join(scratch.cache, 'models', 'other', 'manifest.yaml'), manifestYaml('other'));
    const env = { ...scratch.env, EFFVIT_MODEL_PATH: `/nowhere:${scratch.env['EFFVIT_MODEL_PATH']}` };
    assert.equal((await resolveModel('mine', env)).origin, 'model_path');
    assert.equal((await resolveModel('other', env)).origin, 'cache');
  });

  it('lets the package win over a folder of the same name', async () => {
    scratch.addModel('efficientvit_m5', manifestYaml('efficientvit_m5'));
    assert.equal((await resolveModel('efficientvit_m5', scratch.env)).origin, 'package');
  });

  it('takes a folder, or the manifest in it', async () => {
    const folder = scratch.addModel('mine', manifestYaml('mine'));
    for (const path of [folder, `${folder}/`, join(folder, 'manifest.yaml')]) {
      const manifest = await resolveModel(path, scratch.env);
      assert.equal(manifest.origin, 'folder');
      assert.equal(manifest.folderPath, folder);
    }
  });

  it('takes a bare ONNX file with the defaults', async () => {
    const path = file('x', 'My Net.onnx');
    const manifest = await resolveModel(path, scratch.env);
    assert.equal(manifest.origin, 'file');
    assert.equal(manifest.name, 'my_net');
    assert.deepEqual(manifest.files, { onnx: { file: path }, bpu: {} });
    assert.deepEqual(manifest.labels, { kind: 'auto' });
    assert.equal(manifest.output.classCount, undefined);
    assert.equal(manifest.preprocess.resizeShortSidePx, 256);
  });

  it('offers a bare .bin to every chip', async () => {
    const path = file('x', 'net.bin');
    const manifest = await resolveModel(path, scratch.env);
    assert.deepEqual(manifest.files, {
      bpu: {
        'rdk-x5': { file: path, march: 'bayes-e' },
        'rdk-x3': { file: path, march: 'bernoulli2' },
      },
    });
  });

  it('takes the manifest beside a file that it lists', async () => {
    const folder = scratch.addModel('mine', manifestYaml('mine', 'files: { onnx_int8: { file: q.onnx } }\n'));
    const listed = file('models', 'mine', 'q.onnx');
    const other = file('models', 'mine', 'other.onnx');
    const manifest = await resolveModel(listed, scratch.env);
    assert.equal(manifest.name, 'mine');
    assert.equal(manifest.folderPath, folder);
    assert.deepEqual(manifest.files, { onnx: { file: listed }, bpu: {} });
    assert.equal((await resolveModel(other, scratch.env)).origin, 'file');
  });

  it('knows the vendor file of a known model by its name', async () => {
    const path = file('downloads', 'EfficientViT_m5_224x224_nv12.bin');
    const manifest = await resolveModel(path, scratch.env);
    assert.equal(manifest.name, 'efficientvit_m5');
    assert.deepEqual(manifest.files.bpu, { 'rdk-x5': { file: path, march: 'bayes-e' } });
  });

  it('knows a file in the cache folder of a model', async () => {
    const path = file('cache', 'models', 'efficientvit_m0', 'efficientvit_m0.0123.v1.onnx');
    const manifest = await resolveModel(path, scratch.env);
    assert.equal(manifest.name, 'efficientvit_m0');
    assert.deepEqual(manifest.files.onnx, { file: path });
  });

  it('names what is known when a name is not', async () => {
    scratch.addModel('mine', manifestYaml('mine'));
    await assert.rejects(resolveModel('efficientvit_m9', scratch.env), {
      code: 'NOT_FOUND',
      message:
        /^There is no model "efficientvit_m9" \(efficientvit_m0 is near\): known models are efficientvit_m0, .*efficientvit_m5_signs, mine; a folder/,
    });
    await assert.rejects(resolveModel('nets/a.onnx', scratch.env), {
      code: 'NOT_FOUND',
      message: /^There is no file or folder nets\/a\.onnx/,
    });
    for (const nothing of ['', '\0', 'a\0b/c', '.', '..']) {
      await assert.rejects(resolveModel(nothing, scratch.env), { code: 'NOT_FOUND' });
    }
  });

  it('refuses files that are no models', async () => {
    await assert.rejects(resolveModel(file('w.safetensors'), scratch.env), {
      code: 'BAD_ARGUMENT',
      message: /w\.safetensors is no model: build an \.onnx file from it first/,
    });
    await assert.rejects(resolveModel(file('a.jpg'), scratch.env), {
      code: 'BAD_ARGUMENT',
      message: /a\.jpg is no model: name a model, /,
    });
  });

  it('refuses a folder called otherwise than its model', async () => {
    scratch.addModel('mine', manifestYaml('yours'));
    await assert.rejects(resolveModel('mine', scratch.env), {
      code: 'BAD_MANIFEST',
      message: /says name: yours but its folder is called mine/,
    });
  });

  it('refuses a manifest that is too long or no text', async () => {
    const long = scratch.addModel('long', `${manifestYaml('long')}${'# x\n'.repeat(100_000)}`);
    await assert.rejects(resolveModel(long, scratch.env), {
      code: 'BAD_MANIFEST',
      message: /400\d{3} bytes/,
    });
    const folder = scratch.addModel('latin', '');
    writeFileSync(join(folder, 'manifest.yaml'), Buffer.from('title: caf\xe9', 'latin1'));
    await assert.rejects(resolveModel(folder, scratch.env), { code: 'BAD_MANIFEST', message: /not UTF-8/ });
  });
});
