import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EffvitErrorCode } from '../../../src/core/EffvitError.js';
import { importWorkconfig } from '../../../src/model/importWorkconfig.js';
import { loadLabels } from '../../../src/model/labels.js';
import { listModels } from '../../../src/model/listModels.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** What a .bin says of itself in plain text. */
function bin(...settings: readonly (readonly [string, string])[]): Buffer {
  const parts = settings.flatMap(([key, value]) => [
    Buffer.from([0x0a, key.length]),
    Buffer.from(key),
    Buffer.from([0x12, value.length]),
    Buffer.from(value),
  ]);
  return Buffer.concat([Buffer.from([0x08, 0x01, 0x10, 0x01, 0x2a, 0x80, 0x01]), ...parts, Buffer.alloc(64)]);
}

describe('models of an RDK board', () => {
  const scratch = scratchFolder();
  const X5_BIN = bin(['MARCH', 'bayes-e'], ['INPUT_SHAPE', '1x3x224x192']);
  let env: NodeJS.ProcessEnv;
  let modelPath: string;

  beforeEach(() => {
    env = { EFFVIT_CACHE: scratch.path('cache'), EFFVIT_BOARD_MODELS: scratch.path('hobot', 'model') };
    const folder = scratch.path('hobot', 'model', 'x5', 'basic');
    mkdirSync(folder, { recursive: true });
    mkdirSync(scratch.path('tros', 'config'), { recursive: true });
    modelPath = join(folder, 'mobilenetv2_224x224_nv12.bin');
    writeFileSync(modelPath, X5_BIN);
    writeFileSync(scratch.path('tros', 'config', 'three.list'), 'tench\ngoldfish\r\nwhite shark\n\n');
  });

  /** As TROS has them, with what its other parsers want besides. */
  function workconfig(changes: object = {}): string {
    const path = scratch.path('tros', 'config', 'mobilenetv2workconfig.json');
    const content = {
      model_file: modelPath,
      task_num: 4,
      dnn_Parser: 'classification',
      model_output_count: 1,
      cls_names_list: 'config/three.list',
      ...changes,
    };
    writeFileSync(path, JSON.stringify(content));
    return path;
  }

  const take = (path: string, force = false) =>
    importWorkconfig(path, { env, workingFolder: scratch.path(), force });

  const refuses = async (path: string, code: EffvitErrorCode, message: RegExp): Promise<void> => {
    await assert.rejects(take(path), (error: Error & { code?: string }) => {
      assert.match(error.message, message);
      assert.equal(error.code, code);
      return true;
    });
  };

  it('are listed, and found by the name of their file', async () => {
    writeFileSync(join(modelPath, '..', 'README.txt'), '');
    const listed = (await listModels(env)).find(({ name }) => name === 'mobilenetv2_224x224_nv12');
    assert.ok(listed !== undefined && 'files' in listed);
    assert.deepEqual(
      listed.files.map(({ kind, chip, isPresent, path }) => [kind, chip, isPresent, path]),
      [['bpu', 'rdk-x5', true, modelPath]],
    );
    const manifest = await resolveModel('mobilenetv2_224x224_nv12', env);
    assert.deepEqual(manifest.files.bpu['rdk-x5'], { file: modelPath, march: 'bayes-e' });
    assert.equal(manifest.files.bpu['rdk-x3'], undefined);
  });

  it('are taken from a workconfig: the file, its input, and its classes by name', async () => {
    const manifest = await take(workconfig());
    assert.equal(manifest.name, 'mobilenetv2_224x224_nv12');
    // The same model by its name, also in later commands; before the bare file of that name.
    const known = await resolveModel(manifest.name, env);
    assert.deepEqual(known.files.bpu['rdk-x5'], { file: modelPath, march: 'bayes-e' });
    assert.deepEqual([known.input.widthPx, known.input.heightPx], [192, 224]);
    assert.deepEqual(await loadLabels(known, 3), ['tench', 'goldfish', 'white shark']);
    assert.match(known.title, /mobilenetv2workconfig\.json/);
  });

  it('replace one of the same name only with the option for it', async () => {
    await take(workconfig());
    const labels = scratch.path('cache', 'models', 'mobilenetv2_224x224_nv12', 'labels.txt');
    writeFileSync(scratch.path('tros', 'config', 'three.list'), 'a\nb\n');
    await refuses(workconfig(), 'BAD_ARGUMENT', /There is a model mobilenetv2_224x224_nv12 in .*--force/);
    assert.equal(readFileSync(labels, 'utf8'), 'tench\ngoldfish\nwhite shark\n');
    await take(workconfig(), true);
    assert.equal(readFileSync(labels, 'utf8'), 'a\nb\n');
  });

  it('are refused with the reason: another parser, missing files, another chip, no workconfig', async () => {
    await refuses(workconfig({ dnn_Parser: 'yolov5' }), 'BAD_CONFIG', /is for the parser yolov5/);
    await refuses(
      workconfig({ model_file: '/nowhere/m.bin' }),
      'NOT_FOUND',
      /model_file names \/nowhere\/m\.bin/,
    );
    await refuses(workconfig({ cls_names_list: 'config/none.list' }), 'NOT_FOUND', /cls_names_list names/);
    await refuses(
      workconfig({ model_file: 7 }),
      'BAD_CONFIG',
      /no workconfig of a classification.*model_file/,
    );
    writeFileSync(modelPath, bin(['MARCH', 'nash-e']));
    await refuses(workconfig(), 'BAD_MODEL', /is compiled for nash-e|does not name/);
    writeFileSync(modelPath, 'text');
    await refuses(workconfig(), 'BAD_MODEL', /is not a compiled BPU model/);
    await refuses(scratch.path('none.json'), 'NOT_FOUND', /There is no file .*none\.json/);
    writeFileSync(scratch.path('bad.json'), '{');
    await refuses(scratch.path('bad.json'), 'BAD_CONFIG', /is no JSON/);
  });
});
