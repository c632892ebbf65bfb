import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { bpuBackendSpec } from '../../../src/classify/bpuBackendSpec.js';
import { classifierOptions } from '../../../src/classify/classifierOptions.js';
import { exactResults, simulatedBpuSpec } from '../../../src/classify/simulatedBpuSpec.js';
import { loadManifest } from '../../../src/model/loadManifest.js';
import type { ModelManifest } from '../../../src/model/ModelManifest.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import { writeFakeBin } from '../../helpers/fakeLibdnn.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('a compiled model folder', () => {
  const scratch = scratchFolder();

  async function folder(bpu: string, more = ''): Promise<ModelManifest> {
    mkdirSync(scratch.path('m'), { recursive: true });
    writeFakeBin(scratch.path('m', 'm.bin'));
    writeFileSync(
      scratch.path('m', 'manifest.yaml'),
      `name: m
input: { width_px: 224, height_px: 224 }
output: { class_count: 8 }
files:
  bpu: { rdk-x5: { march: bayes-e, file: m.bin${bpu} } }
${more}`,
    );
    return loadManifest(scratch.path('m'));
  }

  it('names the models of a packed file, each with its batch', async () => {
    const manifest = await folder(', models: [{ batch: 1, name: one }, { batch: 4, name: four }]');
    assert.deepEqual((await bpuBackendSpec(manifest, classifierOptions(), 'rdk-x5')).models, [
      { batch: 1, name: 'one' },
      { batch: 4, name: 'four' },
    ]);
  });

  it('leaves the name to the file where there is one model', async () => {
    const spec = await bpuBackendSpec(await folder(''), classifierOptions(), 'rdk-x5');
    assert.equal('models' in spec, false);
  });

  it('says whether the chip cuts and scales', async () => {
    for (const [source, isResizer] of [
      ['', undefined],
      [', input_source: resizer', true],
      [', input_source: pyramid', false],
    ] as const) {
      const spec = await bpuBackendSpec(await folder(source), classifierOptions(), 'rdk-x5');
      assert.equal(spec.isResizer, isResizer);
    }
  });

  it('is simulated by its estimate, and has exact scores only with the quantised model', async () => {
    const manifest = await folder(
      '',
      'device_model: { rdk-x5: { cores: 1, service_ms: 2, host_ms: 1, kind: estimate } }',
    );
    assert.equal(simulatedBpuSpec(manifest, classifierOptions()).deviceModel.kind, 'estimate');
    await assertRejected(exactResults(manifest), 'NOT_FOUND', /no quantised model of the vendor's compiler/);
  });
});
