import assert from 'node:assert/strict';
import { BPU_ERRORS, bpuError } from '../../../../src/inference/bpu/bpuErrors.js';

describe('bpuErrors', () => {
  it('knows every code that the runtime documents', () => {
    const runtime = Array.from({ length: 16 }, (_, index) => -6_000_001 - index);
    const wanted = [...runtime, -6_000_129, -6_000_130, -6_000_131];
    assert.deepEqual(
      Object.keys(BPU_ERRORS)
        .map(Number)
        .sort((a, b) => b - a),
      wanted,
    );
  });

  it('makes one sentence of each: what was called, with what meaning, for what, and what to do', () => {
    for (const code of Object.keys(BPU_ERRORS).map(Number)) {
      const { message } = bpuError('hbDNNInfer', code, '/models/m.bin');
      assert.match(
        message,
        new RegExp(`^hbDNNInfer failed with ${code} \\([^)]{5,}.*\\) for /models/m\\.bin: .{10,}[^.]\\.$`),
      );
      assert.doesNotMatch(message, /\. [A-Z]/);
    }
  });

  it("takes the runtime's own words for a code that it does not know", () => {
    assert.match(
      bpuError('hbDNNInfer', -1, 'm', 'strange thing').message,
      /-1 \(strange thing\) for m: look/,
    );
    assert.match(bpuError('hbDNNInfer', -1, 'm').message, /not documented/);
  });

  it('tells wrong models, missing files and time-outs apart', () => {
    const codeOf = (code: number): string => bpuError('c', code, 'm').code;
    assert.equal(codeOf(-6_000_002), 'BAD_MODEL');
    assert.equal(codeOf(-6_000_014), 'BAD_MODEL');
    assert.equal(codeOf(-6_000_006), 'NOT_FOUND');
    assert.equal(codeOf(-6_000_008), 'TIMED_OUT');
    assert.equal(codeOf(-6_000_012), 'BPU_FAILED');
  });
});
