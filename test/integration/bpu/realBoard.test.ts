import assert from 'node:assert/strict';
import { bpuBackendSpec, usableChip } from '../../../src/classify/bpuBackendSpec.js';
import { classifierOptions } from '../../../src/classify/classifierOptions.js';
import { BpuBackend } from '../../../src/inference/bpu/BpuBackend.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { fillRandom } from '../../helpers/rawFrames.js';

/** The same contract on the vendor's own runtime: set EFFVIT_LIBDNN on a board, and pull efficientvit_m5 for it. */
describe('the BPU of a real board', () => {
  it('gives the same finite logits for the same frame, every time, and others for another', async function () {
    if ((process.env['EFFVIT_LIBDNN'] ?? '') === '') {
      leaveOut(this, 'needs an RDK board: set EFFVIT_LIBDNN to its libdnn.so');
    }
    const manifest = await resolveModel('efficientvit_m5');
    if ((await usableChip(manifest)) === undefined) {
      leaveOut(this, 'needs the .bin of efficientvit_m5: effvit model pull efficientvit_m5 --for rdk-x5');
    }
    const backend = new BpuBackend(await bpuBackendSpec(manifest, classifierOptions()));
    try {
      const { classCount } = await backend.load();
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
    } finally {
      await backend.dispose();
    }
  });
});
