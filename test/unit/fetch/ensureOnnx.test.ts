import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOnnxJob, ensureOnnx } from '../../../src/fetch/ensureOnnx.js';
import type { ModelManifest } from '../../../src/model/ModelManifest.js';
import { modelFiles } from '../../../src/model/modelFiles.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import { manifestYaml, type ScratchModels, scratchModels } from '../../helpers/scratchModels.js';

describe('ensureOnnx', () => {
  let scratch: ScratchModels;
  let manifest: ModelManifest;
  let weights: string;
  let jobs: BuildOnnxJob[];
  beforeEach(async () => {
    scratch = scratchModels();
    const folder = scratch.addModel(
      'mine',
      manifestYaml(
        'mine',
        'files: { weights: { file: w.safetensors }, onnx: { builder: efficientvit, variant: m2 } }\n',
      ),
    );
    weights = join(folder, 'w.safetensors');
    writeFileSync(weights, 'weights');
    manifest = await resolveModel('mine', scratch.env);
    jobs = [];
  });
  afterEach(() => scratch.remove());

  async function ensure(signal?: AbortSignal): Promise<string> {
    return ensureOnnx(manifest, {
      env: scratch.env,
      ...(signal && { signal }),
      buildOnnx: async (job) => {
        jobs.push(job);
        await new Promise((resolve) => setTimeout(resolve, 20));
        writeFileSync(job.outputPath, `graph ${jobs.length}`);
      },
    });
  }

  it('builds once', async () => {
    const path = await ensure();
    assert.equal(readFileSync(path, 'utf8'), 'graph 1');
    assert.deepEqual(jobs, [
      {
        weightsPath: weights,
        outputPath: jobs[0]?.outputPath,
        source: { builder: 'efficientvit', variant: 'm2' },
        classCount: 3,
      },
    ]);
    assert.equal(await ensure(), path);
    assert.equal(jobs.length, 1);
    const onnx = (await modelFiles(manifest, scratch.env)).find(({ kind }) => kind === 'onnx');
    assert.deepEqual([onnx?.isPresent, onnx?.path], [true, path]);
  });

  it('names the file after the weights', async () => {
    const sha256 = createHash('sha256').update('weights').digest('hex');
    const path = await ensure();
    assert.equal(path, join(scratch.cache, 'models', 'mine', `mine.${sha256.slice(0, 16)}.v2.onnx`));
  });

  it('builds anew for other weights', async () => {
    const path = await ensure();
    writeFileSync(weights, 'WEIGHTS');
    utimesSync(weights, 1, 1);
    assert.notEqual(await ensure(), path);
    assert.equal(jobs.length, 2);
  });

  it('builds once for copies of the weights, in whatever order they are used', async () => {
    const clone = scratch.addModel('clone/mine', readFileSync(join(weights, '..', 'manifest.yaml'), 'utf8'));
    writeFileSync(join(clone, 'w.safetensors'), 'weights');
    utimesSync(join(clone, 'w.safetensors'), 7, 7);
    const first = manifest;
    const second: ModelManifest = {
      ...first,
      folderPath: clone,
      files: { ...first.files, weights: { file: join(clone, 'w.safetensors') } },
    };
    const path = await ensure();
    for (const one of [second, first, second, first]) {
      manifest = one;
      assert.equal(await ensure(), path);
    }
    assert.equal(jobs.length, 1);
    // Both are known by now: neither is read again.
    const stamps = JSON.parse(readFileSync(join(scratch.cache, 'hashes.json'), 'utf8'));
    assert.deepEqual(
      stamps.map((stamp: { path: string }) => stamp.path).sort(),
      [join(clone, 'w.safetensors'), weights].sort(),
    );
  });

  it('builds anew where the file is gone or cut short', async () => {
    writeFileSync(await ensure(), '');
    assert.equal(readFileSync(await ensure(), 'utf8'), 'graph 2');
  });

  it('builds once for many callers', async () => {
    const paths = await Promise.all([ensure(), ensure(), ensure()]);
    assert.equal(new Set(paths).size, 1);
    assert.equal(jobs.length, 1);
  });

  it('says what gets weights that are not there', async () => {
    const m5 = await resolveModel('efficientvit_m5', scratch.env);
    await assert.rejects(ensureOnnx(m5, { env: scratch.env, buildOnnx: () => Promise.reject(new Error()) }), {
      code: 'NOT_FOUND',
      message:
        'The weights file of efficientvit_m5 is not on this machine: get it with `effvit model pull efficientvit_m5`.',
    });
  });

  it('gives a plain ONNX file as it is', async () => {
    const path = join(scratch.folder, 'plain.onnx');
    writeFileSync(path, 'x');
    manifest = await resolveModel(path, scratch.env);
    assert.equal(await ensure(), path);
    assert.equal(jobs.length, 0);
  });

  it('leaves nothing when it is interrupted', async () => {
    const stop = new AbortController();
    const promise = ensure(stop.signal);
    setTimeout(() => stop.abort(), 5);
    await assert.rejects(promise, { code: 'CANCELLED' });
    const folder = join(scratch.cache, 'models', 'mine');
    mkdirSync(folder, { recursive: true });
    assert.deepEqual(readdirSync(folder), []);
  });

  it("names a failure that is not the builder's own", async () => {
    const failing = ensureOnnx(manifest, {
      env: scratch.env,
      buildOnnx: () => Promise.reject(new Error('ENOSPC: no space left on device')),
    });
    await assert.rejects(failing, {
      code: 'IO_FAILED',
      message: /^Cannot build .*mine\.[0-9a-f]+\.v2\.onnx: ENOSPC/,
    });
  });
});
