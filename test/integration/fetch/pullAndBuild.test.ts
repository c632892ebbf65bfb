import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  countParameters,
  EFFICIENTVIT_ARCHITECTURES,
  expectedTensors,
} from '../../../src/efficientvit/EfficientVitArchitecture.js';
import { ensureOnnx } from '../../../src/fetch/ensureOnnx.js';
import { pullModel } from '../../../src/fetch/pullModel.js';
import { ONNX_BUILDER_VERSION } from '../../../src/model/builtOnnx.js';
import { listModels } from '../../../src/model/listModels.js';
import { requireModelFile } from '../../../src/model/modelFiles.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import { readOnnx } from '../../../src/onnx/readOnnx.js';
import { countElements } from '../../../src/weights/WeightTensor.js';
import { cutAfter, FaultyFileServer, good } from '../../helpers/FaultyFileServer.js';
import { manifestYaml, type ScratchModels, scratchModels } from '../../helpers/scratchModels.js';
import { writeSafetensors } from '../../helpers/writeSafetensors.js';

/** M0's weights: exact in float32 and above 0, so that variances are sound; they classify nothing. */
async function m0Weights(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'effvit-m0-'));
  try {
    const tensors = new Map(
      [...expectedTensors(EFFICIENTVIT_ARCHITECTURES.m0, 1000)].map(([name, dims]) => [
        name,
        {
          dims,
          data: Float32Array.from({ length: countElements(dims) }, (_, index) => ((index % 97) + 1) / 1024),
        },
      ]),
    );
    const path = join(folder, 'm0.safetensors');
    await writeSafetensors(path, tensors);
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('pullModel with the real builder', () => {
  let scratch: ScratchModels;
  let server: FaultyFileServer;
  before(async () => {
    server = await FaultyFileServer.start(await m0Weights());
  });
  after(() => server.stop());
  beforeEach(() => {
    scratch = scratchModels();
  });
  afterEach(() => scratch.remove());

  it('makes a package model ready from its own address, through a mirror that cuts', async () => {
    server.answer(cutAfter(3_000_000), good);
    const env = { ...scratch.env, EFFVIT_MODEL_MIRROR: `${server.origin}/mirror` };
    const manifest = await resolveModel('efficientvit_m0', env);
    const files = await pullModel(manifest, { env, limits: { baseDelayMs: 5 } });
    assert.equal(
      server.requests[0]?.url,
      '/mirror/timm/efficientvit_m0.r224_in1k/resolve/main/model.safetensors',
    );
    assert.deepEqual(
      files.map(({ kind, action }) => [kind, action]),
      [
        ['weights', 'downloaded'],
        ['onnx', 'built'],
      ],
    );

    // Graphs in the users' caches are built anew only when the version says so.
    assert.deepEqual(
      [ONNX_BUILDER_VERSION, files[1]?.sha256],
      [2, '1f902e5cccd7cc29d2994f0e50022dfbb847cdc22004922dea59d740c315dec6'],
      'the builder writes another graph than before: raise ONNX_BUILDER_VERSION, and note version and checksum here',
    );
    const path = await requireModelFile(manifest, 'onnx', undefined, env);
    assert.equal(await ensureOnnx(manifest, { env }), path);
    const { graph } = await readOnnx(path);
    assert.deepEqual(
      graph.inputs.map(({ name, shape }) => [name, shape]),
      [[manifest.input.name, [1, 3, manifest.input.heightPx, manifest.input.widthPx]]],
    );
    assert.deepEqual(
      graph.outputs.map(({ name, shape }) => [name, shape]),
      [[manifest.output.name, [1, manifest.output.classCount]]],
    );
    const listed = (await listModels(env)).find(({ name }) => name === 'efficientvit_m0');
    assert.ok(listed !== undefined && 'files' in listed);
    assert.ok(listed.files.every((file) => file.isPresent && file.sha256 !== undefined));
  });

  it('keeps weights of another class count out of the ONNX file', async () => {
    server.answer(good);
    scratch.addModel(
      'three',
      manifestYaml(
        'three',
        `files:
  weights: { file: m.safetensors, url: "${server.origin}/m.safetensors" }
  onnx: { builder: efficientvit, variant: m0 }
`,
      ),
    );
    const manifest = await resolveModel('three', scratch.env);
    await assert.rejects(pullModel(manifest, { env: scratch.env }), {
      code: 'BAD_WEIGHTS',
      message: /\b1000\b/,
    });
    await assert.rejects(requireModelFile(manifest, 'onnx', undefined, scratch.env), { code: 'NOT_FOUND' });
  });

  it('knows the parameter counts that the manifests state', async () => {
    for (const variant of ['m0', 'm1', 'm2', 'm3', 'm4', 'm5'] as const) {
      const manifest = await resolveModel(`efficientvit_${variant}`, scratch.env);
      const tensors = expectedTensors(EFFICIENTVIT_ARCHITECTURES[variant], 1000);
      assert.equal(manifest.parameterCount, countParameters(tensors), variant);
    }
    const signs = await resolveModel('efficientvit_m5_signs', scratch.env);
    const tensors = expectedTensors(EFFICIENTVIT_ARCHITECTURES.m5, signs.output.classCount ?? 0);
    assert.equal(signs.parameterCount, countParameters(tensors));
  });
});
