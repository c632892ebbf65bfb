import assert from 'node:assert/strict';
import { bpuBackendSpec, usableChip } from '../../../src/classify/bpuBackendSpec.js';
import { classifierOptions } from '../../../src/classify/classifierOptions.js';
import { BpuBackend } from '../../../src/inference/bpu/BpuBackend.js';
import type { ModelManifest } from '../../../src/model/ModelManifest.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import { integersOf, readBoardLogits } from '../../../training/BoardLogits.js';
import { bundledInputs } from '../../../training/bundledInputs.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { fillRandom } from '../../helpers/rawFrames.js';

/**
 * The binding on the vendor's own runtime: `EFFVIT_LIBDNN=/usr/lib/libdnn.so npm test -- --grep 'real board'`.
 * Every other suite in this folder runs on a stand-in for it.
 */
describe('the BPU of a real board', function () {
  this.timeout(300_000);

  async function withBackend(
    manifest: ModelManifest,
    work: (backend: BpuBackend, classCount: number) => Promise<void>,
  ): Promise<void> {
    const backend = new BpuBackend(await bpuBackendSpec(manifest, classifierOptions()));
    try {
      await work(backend, (await backend.load()).classCount);
    } finally {
      await backend.dispose();
    }
  }

  before(function () {
    if ((process.env['EFFVIT_LIBDNN'] ?? '') === '') {
      leaveOut(this, 'needs an RDK board: set EFFVIT_LIBDNN to its libdnn.so');
    }
  });

  it("gives the bundled recording the compiler's integers, bit for bit", async function () {
    const manifest = await resolveModel('efficientvit_m5_signs');
    if ((await usableChip(manifest)) !== 'rdk-x5') leaveOut(this, 'needs an RDK X5');
    const { scales, frames } = readBoardLogits();
    await withBackend(manifest, async (backend) => {
      let index = 0;
      for await (const { nv12, nv12Sha256, topic, stamp } of bundledInputs(manifest)) {
        const expected = frames[index++];
        assert.deepEqual([topic, stamp], [expected?.topic, expected?.stamp]);
        assert.equal(nv12Sha256, expected?.nv12Sha256, `the picture of frame ${index} is another one`);
        const { logits } = await backend.run(nv12);
        assert.deepEqual(integersOf(logits, scales), expected?.integers, `frame ${index}`);
      }
      assert.equal(index, frames.length);
    });
  });

  it('gives the same finite logits for the same frame, every time, and others for another', async function () {
    const manifest = await resolveModel('efficientvit_m5');
    if ((await usableChip(manifest)) === undefined) {
      leaveOut(this, 'needs the .bin of efficientvit_m5: effvit model pull efficientvit_m5 --for rdk-x5');
    }
    await withBackend(manifest, async (backend, classCount) => {
      assert.equal(classCount, 1000);
      const frame = new Uint8Array((224 * 224 * 3) / 2);
      fillRandom(frame, 1);
      const first = [...(await backend.run(frame)).logits];
      assert.ok(first.every(Number.isFinite));
      for (let round = 0; round < 20; round++) {
        assert.deepEqual([...(await backend.run(frame)).logits], first);
      }
      fillRandom(frame, 2);
      assert.notDeepEqual([...(await backend.run(frame)).logits], first);
    });
  });
});
