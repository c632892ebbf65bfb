import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { int8Choice } from '../../../src/classify/int8Choice.js';
import type { ModelManifest, QuantizedFigures } from '../../../src/model/ModelManifest.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const FLOAT = 'efficientvit_m5_signs';
const INT8 = `${FLOAT}_int8`;
const GOOD: QuantizedFigures = {
  of: FLOAT,
  pictures: 3200,
  top1FloatPercent: 98.03,
  top1Int8Percent: 98.0,
  speedup: 1.48,
};

describe('int8Choice', () => {
  const scratch = scratchFolder();
  let float: ModelManifest;
  let env: NodeJS.ProcessEnv;
  let told: string[];

  beforeEach(async () => {
    float = await resolveModel(FLOAT);
    env = { EFFVIT_MODEL_PATH: scratch.path('models'), EFFVIT_CACHE: scratch.path('cache') };
    told = [];
  });

  async function choose(
    figures: Partial<QuantizedFigures> | undefined,
    { hasFile = true, saturates = false } = {},
  ): Promise<string> {
    const folder = scratch.path('models', INT8);
    await mkdir(folder, { recursive: true });
    const quantized = figures && { ...GOOD, ...figures };
    const lines =
      quantized === undefined
        ? []
        : [
            'quantized:',
            `  of: ${quantized.of}`,
            `  pictures: ${quantized.pictures}`,
            `  top1_float_percent: ${quantized.top1FloatPercent}`,
            `  top1_int8_percent: ${quantized.top1Int8Percent}`,
            ...(quantized.speedup === undefined ? [] : [`  speedup: ${quantized.speedup}`]),
          ];
    await writeFile(
      join(folder, 'manifest.yaml'),
      [`name: ${INT8}`, 'files: { onnx: { file: int8.onnx } }', ...lines, ''].join('\n'),
    );
    if (hasFile) await writeFile(join(folder, 'int8.onnx'), 'an int8 model');
    const isSaturating = async (): Promise<boolean> => saturates;
    return (await int8Choice(float, (text) => told.push(text), { env, isSaturating })).name;
  }

  it('takes the float model without a word where there is no other', async () => {
    assert.equal((await int8Choice(float, (text) => told.push(text), { env })).name, FLOAT);
    assert.deepEqual(told, []);
  });

  it('takes the int8 model whose stored accuracy is within 0.3 points, and says why', async () => {
    assert.equal(await choose({}), INT8);
    assert.match(told.join(), /98\.00 % top-1 against 98\.03 % of 3200 pictures, 1\.48 times as fast/);
  });

  it('takes one that wins, and one whose speed was not measured', async () => {
    assert.equal(await choose({ top1Int8Percent: 98.5 }), INT8);
    const { speedup: _, ...without } = GOOD;
    assert.equal(await choose({ ...without, speedup: undefined as never }), INT8);
  });

  const OBJECTIONS: readonly (readonly [string, Partial<QuantizedFigures> | undefined, RegExp])[] = [
    ['loses more', { top1Int8Percent: 97.72 }, /loses 0\.31 points/],
    ['has no figures', undefined, /no stored accuracy.*--eval LIST/],
    ['was judged on few pictures', { pictures: 999 }, /999 pictures where 1000/],
    ['was made of another model', { of: 'efficientvit_m4' }, /made of efficientvit_m4/],
    ['is no faster', { speedup: 0.9 }, /no faster/],
  ];
  for (const [what, figures, reason] of OBJECTIONS) {
    it(`stays with the float model where the other ${what}, and says so`, async () => {
      assert.equal(await choose(figures), FLOAT);
      assert.match(told.join(), reason);
    });
  }

  it('stays with the float model where the file is missing, or this CPU gets its sums wrong', async () => {
    assert.equal(await choose({}, { hasFile: false }), FLOAT);
    assert.match(told.join(), /lacks its \.onnx file/);
    assert.equal(await choose({}, { saturates: true }), FLOAT);
    assert.match(told.join(), /without VNNI/);
  });
});
