import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtOnnxName, ONNX_BUILDER_VERSION } from '../../../src/model/builtOnnx.js';
import type { ModelManifest } from '../../../src/model/ModelManifest.js';
import { modelFiles, requireModelFile } from '../../../src/model/modelFiles.js';
import { modelCacheFolder } from '../../../src/model/modelFolders.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import { manifestYaml, type ScratchModels, scratchModels } from '../../helpers/scratchModels.js';

const FILES = `files:
  weights: { file: w.safetensors, url: "https://example.org/w.safetensors" }
  onnx: { builder: efficientvit, variant: m5 }
  onnx_int8: { file: q.onnx }
  bpu: { rdk-x5: { file: a.bin, march: bayes-e, url: "https://example.org/a.bin" } }
`;

describe('modelFiles', () => {
  let scratch: ScratchModels;
  let manifest: ModelManifest;
  let cache: string;
  beforeEach(async () => {
    scratch = scratchModels();
    scratch.addModel('mine', manifestYaml('mine', FILES));
    manifest = await resolveModel('mine', scratch.env);
    cache = modelCacheFolder(manifest, scratch.env);
    mkdirSync(cache, { recursive: true });
  });
  afterEach(() => scratch.remove());

  it('says where absent files belong and what gets them', async () => {
    const statuses = await modelFiles(manifest, scratch.env);
    assert.deepEqual(
      statuses.map(({ kind, chip, isPresent, path, remedy }) => ({ kind, chip, isPresent, path, remedy })),
      [
        {
          kind: 'weights',
          chip: undefined,
          isPresent: false,
          path: join(cache, 'w.safetensors'),
          remedy: 'get it with `effvit model pull mine`',
        },
        {
          kind: 'onnx',
          chip: undefined,
          isPresent: false,
          path: cache,
          remedy: 'build it with `effvit model pull mine`',
        },
        {
          kind: 'onnx_int8',
          chip: undefined,
          isPresent: false,
          path: join(scratch.folder, 'models', 'mine', 'q.onnx'),
          remedy: `put the file at ${join(scratch.folder, 'models', 'mine', 'q.onnx')}`,
        },
        {
          kind: 'bpu',
          chip: 'rdk-x5',
          isPresent: false,
          path: join(cache, 'a.bin'),
          remedy: 'get it with `effvit model pull mine --for rdk-x5`',
        },
      ],
    );
  });

  it('prefers the file in the model folder to the one in the cache', async () => {
    writeFileSync(join(cache, 'a.bin'), '12');
    const cached = await requireModelFile(manifest, 'bpu', 'rdk-x5', scratch.env);
    assert.equal(cached, join(cache, 'a.bin'));
    const own = join(scratch.folder, 'models', 'mine', 'a.bin');
    writeFileSync(own, '123');
    const status = (await modelFiles(manifest, scratch.env)).find((one) => one.kind === 'bpu');
    assert.deepEqual(
      [status?.isPresent, status?.path, status?.location, status?.lengthBytes],
      [true, own, 'model', 3],
    );
  });

  it('takes a built file for present only while its weights and builder are the same', async () => {
    const weights = join(cache, 'w.safetensors');
    writeFileSync(weights, 'weights');
    const sha256 = 'ab'.repeat(32);
    const name = builtOnnxName(manifest, sha256);
    writeFileSync(join(cache, name), 'graph');
    const { mtimeMs } = statSync(weights);
    const write = (stamp: object, graph: object): void => {
      const stamps = [{ path: weights, lengthBytes: 7, mtimeMs, sha256, ...stamp }];
      writeFileSync(join(scratch.cache, 'hashes.json'), JSON.stringify(stamps));
      const graphs = [{ file: name, lengthBytes: 5, ...graph }];
      writeFileSync(join(cache, 'built.json'), JSON.stringify({ graphs }));
    };
    const isPresent = async (): Promise<boolean | undefined> =>
      (await modelFiles(manifest, scratch.env)).find((one) => one.kind === 'onnx')?.isPresent;

    assert.equal(await isPresent(), false, 'no record');
    write({}, {});
    assert.equal(await requireModelFile(manifest, 'onnx', undefined, scratch.env), join(cache, name));
    write({}, { file: name.replace(`.v${ONNX_BUILDER_VERSION}.`, '.v999.') });
    assert.equal(await isPresent(), false, 'another builder');
    write({}, { lengthBytes: 6 });
    assert.equal(await isPresent(), false, 'a graph cut short');
    write({}, { file: '../../mine.onnx' });
    assert.equal(await isPresent(), false, 'a record that leaves the folder');
    write({ mtimeMs: 1 }, {});
    assert.equal(await isPresent(), false, 'newer weights');
    write({}, {});
    writeFileSync(join(cache, 'built.json'), '{');
    assert.equal(await isPresent(), false, 'a damaged record');
  });

  it('refuses with the remedy, or with what there is', async () => {
    await assert.rejects(requireModelFile(manifest, 'weights', undefined, scratch.env), {
      code: 'NOT_FOUND',
      message: 'The weights file of mine is not on this machine: get it with `effvit model pull mine`.',
    });
    await assert.rejects(requireModelFile(manifest, 'bpu', 'rdk-x3', scratch.env), {
      code: 'NOT_FOUND',
      message:
        'mine has no .bin file for rdk-x3: its manifest lists weights file, ONNX file, int8 ONNX file, .bin file for rdk-x5.',
    });
  });

  it('keeps the caches of two folders with one name apart', async () => {
    const [a, b] = await Promise.all(
      ['a', 'b'].map((parent) =>
        resolveModel(scratch.addModel(join(parent, 'same'), manifestYaml('same')), scratch.env),
      ),
    );
    assert.ok(a !== undefined && b !== undefined);
    assert.notEqual(modelCacheFolder(a, scratch.env), modelCacheFolder(b, scratch.env));
  });
});
