import assert from 'node:assert/strict';
import { needsReducedRange } from '../../../../src/modelling/quantize/reducedRange.js';

describe('needsReducedRange', () => {
  const cpu = (flags: string) => (): string => `processor\t: 0\nflags\t\t: fpu ${flags} sse\nbugs\t:\n`;

  it('goes by VNNI on x86', () => {
    assert.equal(needsReducedRange('x64', cpu('avx2 fma')), true);
    assert.equal(needsReducedRange('x64', cpu('avx2 avx_vnni')), false);
    assert.equal(needsReducedRange('x64', cpu('avx512f avx512_vnni')), false);
  });

  it('never reduces on ARM', () => {
    assert.equal(needsReducedRange('arm64', cpu('')), false);
  });

  it('takes the safe side where nothing is known', () => {
    const unreadable = (): string => {
      throw new Error('no /proc');
    };
    assert.equal(needsReducedRange('x64', unreadable), true);
    assert.equal(
      needsReducedRange('x64', () => ''),
      true,
    );
  });
});
