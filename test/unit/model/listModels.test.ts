import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatModelList, type ListedModel, listModels } from '../../../src/model/listModels.js';
import { manifestYaml, type ScratchModels, scratchModels } from '../../helpers/scratchModels.js';

const URL = 'https://example.org/w.bin';

describe('listModels', () => {
  let scratch: ScratchModels;
  beforeEach(() => {
    scratch = scratchModels();
  });
  afterEach(() => scratch.remove());

  function sha256(text: string): string {
    return createHash('sha256').update(text).digest('hex');
  }

  function cached(model: string, file: string, content: string): void {
    mkdirSync(join(scratch.cache, 'models', model), { recursive: true });
    writeFileSync(join(scratch.cache, 'models', model, file), content);
  }

  async function list(): Promise<{ models: readonly ListedModel[]; lines: string[] }> {
    const models = await listModels(scratch.env);
    return { models, lines: formatModelList(models, scratch.env).split('\n') };
  }

  it('shows the models of the package with their licences and what gets them', async () => {
    const { lines } = await list();
    assert.match(lines[0] ?? '', /^MODEL +LICENCE +FILE +STATE +SIZE +SHA256 +WHERE$/);
    assert.ok(
      lines.some((line) =>
        /^efficientvit_m5 +MIT +weights +absent +`effvit model pull efficientvit_m5`$/.test(line),
      ),
    );
    assert.ok(
      lines.some((line) =>
        /^ +\.bin for rdk-x5 +absent +`effvit model pull efficientvit_m5 --for rdk-x5`$/.test(line),
      ),
    );
    assert.ok(lines.includes(`cache: ${join(scratch.cache, 'models')}`));
  });

  it('shows what is present, with size and checksum, and what changed since it came', async () => {
    scratch.addModel(
      'aa',
      manifestYaml(
        'aa',
        `licence: BSD-3-Clause
files:
  weights: { file: own.bin, sha256: ${sha256('own')} }
  bpu:
    rdk-x5: { file: five.bin, march: bayes-e, url: "${URL}" }
    rdk-x3: { file: three.bin, march: bernoulli2, url: "${URL}" }
`,
      ),
    );
    writeFileSync(join(scratch.folder, 'models', 'aa', 'own.bin'), 'own');
    cached('aa', 'five.bin', 'as it came');
    cached('aa', 'three.bin', 'damaged');
    const trusted = {
      url: URL,
      lengthBytes: 10,
      sha256: sha256('as it came'),
      firstSeen: '2026-01-01T00:00:00Z',
    };
    cached('aa', 'trust.json', JSON.stringify({ 'five.bin': trusted, 'three.bin': trusted }));
    const { models, lines } = await list();
    const [model] = models;
    assert.ok(model !== undefined && 'files' in model);
    assert.deepEqual(
      model.files.map(({ kind, chip, lengthBytes, sha256: is, expectedSha256 }) => [
        kind,
        chip,
        lengthBytes,
        is,
        expectedSha256,
      ]),
      [
        ['weights', undefined, 3, sha256('own'), sha256('own')],
        ['bpu', 'rdk-x5', 10, sha256('as it came'), sha256('as it came')],
        ['bpu', 'rdk-x3', 7, sha256('damaged'), sha256('as it came')],
      ],
    );
    const short = sha256('damaged').slice(0, 12);
    assert.match(
      lines[1] ?? '',
      /^aa +BSD-3-Clause +weights +present +0\.0 MB +[0-9a-f]{12} +model_path: own\.bin$/,
    );
    assert.match(
      lines[3] ?? '',
      new RegExp(`^ +\\.bin for rdk-x3 +CHANGED +0\\.0 MB +${short} +cache: three\\.bin$`),
    );
  });

  it('lists the others when one manifest is broken', async () => {
    scratch.addModel('ab', 'name: [\n');
    scratch.addModel('ac', manifestYaml('ac'));
    const { models, lines } = await list();
    const broken = models.find(({ name }) => name === 'ab');
    assert.ok(broken !== undefined && 'problem' in broken);
    assert.match(broken.problem, /ab\/manifest\.yaml has a problem: line 2/);
    assert.ok(lines.some((line) => /^ab +\? +BROKEN +see below$/.test(line)));
    assert.ok(lines.includes(broken.problem));
    assert.ok(lines.some((line) => /^ac +unknown +no files listed$/.test(line)));
  });

  it('can be interrupted', async () => {
    scratch.addModel('aa', manifestYaml('aa', 'files: { onnx: { file: a.onnx } }\n'));
    writeFileSync(join(scratch.folder, 'models', 'aa', 'a.onnx'), 'x');
    await assert.rejects(listModels(scratch.env, AbortSignal.abort()), { code: 'CANCELLED' });
  });
});
