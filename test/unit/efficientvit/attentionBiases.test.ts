import assert from 'node:assert/strict';
import { gatherAttentionBiases } from '../../../src/efficientvit/attentionMixer.js';

describe('gatherAttentionBiases', () => {
  it('gives each pair of pixels the bias of its distance', () => {
    // A 2x2 window: offsets (0,0), (0,1), (1,0), (1,1) have the biases 10, 11, 12, 13.
    const gathered = gatherAttentionBiases(Float32Array.of(10, 11, 12, 13), 2);
    assert.deepEqual(
      Array.from(gathered),
      [
        [10, 11, 12, 13],
        [11, 10, 13, 12],
        [12, 13, 10, 11],
        [13, 12, 11, 10],
      ].flat(),
    );
  });

  it('is symmetric, and its first row is the table', () => {
    const table = Float32Array.from({ length: 49 }, (_, i) => i);
    const gathered = gatherAttentionBiases(table, 7);
    assert.deepEqual(gathered.subarray(0, 49), table);
    for (let a = 0; a < 49; a++) {
      for (let b = 0; b < 49; b++) assert.equal(gathered[a * 49 + b], gathered[b * 49 + a]);
    }
  });
});
