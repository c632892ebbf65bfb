import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultManifest } from '../../../src/model/defaultManifest.js';
import { loadManifest } from '../../../src/model/loadManifest.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import { ownManifestPath, writeTemperature } from '../../../src/model/writeTemperature.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const MANIFEST = `# Trained in the yard.
name: yard
output: { class_count: 3 } # no background
labels: labels.txt
files:
  onnx: { file: yard.onnx }
  weights: { file: yard.safetensors, url: https://example.org/yard.safetensors }
`;

describe('writeTemperature', () => {
  const scratch = scratchFolder();

  function folderWith(text: string): string {
    const folder = scratch.path('yard');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'manifest.yaml'), text);
    return folder;
  }

  it("changes the model's own manifest and keeps everything else, comments too", async () => {
    const folder = folderWith(MANIFEST);
    const manifest = await loadManifest(folder);
    const path = ownManifestPath(manifest);
    assert.equal(path, join(folder, 'manifest.yaml'));
    await writeTemperature(manifest, 1.234567891, path);
    const expected = MANIFEST.replace('{ class_count: 3 }', '{ class_count: 3, temperature: 1.23457 }');
    assert.equal(readFileSync(path, 'utf8'), expected);
    assert.equal((await loadManifest(folder)).output.temperature, 1.23457);
    await writeTemperature(await loadManifest(folder), 0.9, path);
    assert.equal(readFileSync(path, 'utf8'), expected.replace('1.23457', '0.9'));
    assert.deepEqual(readdirSync(folder), ['manifest.yaml']);
  });

  it('names the files of the model by their whole paths in another folder', async () => {
    const folder = folderWith(MANIFEST);
    const target = scratch.path('calibrated', 'manifest.yaml');
    await writeTemperature(await loadManifest(folder), 2, target);
    const { files, labels, output } = await loadManifest(scratch.path('calibrated'));
    assert.deepEqual(files.onnx, { file: join(folder, 'yard.onnx') });
    assert.equal(files.weights?.file, 'yard.safetensors');
    assert.deepEqual(labels, { kind: 'file', file: join(folder, 'labels.txt') });
    assert.equal(output.temperature, 2);
    assert.equal(readFileSync(join(folder, 'manifest.yaml'), 'utf8'), MANIFEST);
  });

  it('makes a manifest beside a bare file, about that file alone', async () => {
    const file = scratch.path('bare.onnx');
    for (const name of ['bare.onnx', 'other.onnx']) writeFileSync(scratch.path(name), 'onnx');
    const manifest = defaultManifest(file);
    await writeTemperature(manifest, 1.5, ownManifestPath(manifest));
    assert.equal((await resolveModel(file)).output.temperature, 1.5);
    assert.equal((await resolveModel(scratch.path('other.onnx'))).output.temperature, undefined);
  });

  it('does not touch what came with this package', async () => {
    const bundled = await resolveModel('efficientvit_m5_signs');
    assert.throws(() => ownManifestPath(bundled), { code: 'BAD_ARGUMENT', message: /--output/ });
  });
});
