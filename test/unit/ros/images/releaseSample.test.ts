import assert from 'node:assert/strict';
import { releaseSample } from '../../../../src/ros/images/releaseSample.js';

const MIB = 2 ** 20;

describe('releaseSample', () => {
  it('empties every view of a large buffer', () => {
    const message = Buffer.allocUnsafeSlow(MIB).fill(1);
    const pixels = message.subarray(100);
    releaseSample(pixels);
    assert.equal(message.length, 0);
    assert.equal(pixels.length, 0);
    // Once more does no harm.
    releaseSample(pixels);
  });

  it('leaves what may be part of a pool, and shared memory', () => {
    const small = Buffer.from('small');
    releaseSample(small);
    assert.equal(small.toString(), 'small');
    const shared = new Uint8Array(new SharedArrayBuffer(MIB)).fill(7);
    releaseSample(shared);
    assert.equal(shared[MIB - 1], 7);
  });

  it('frees the memory without the garbage collector', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 200; round++) releaseSample(Buffer.allocUnsafeSlow(MIB));
    assert.ok(process.memoryUsage().arrayBuffers - before < 100 * MIB);
  });
});
