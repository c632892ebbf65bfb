import assert from 'node:assert/strict';
import { compileKernel } from '../../../src/image/compileKernel.js';
import { assertRefused } from '../../helpers/assertRefused.js';

describe('compileKernel', () => {
  it('compiles what the build has made', () => {
    assert.ok(compileKernel('nv12') instanceof WebAssembly.Module);
    assert.ok(compileKernel('nv12Tensor') instanceof WebAssembly.Module);
  });

  it('says how to get a kernel that was not built', () => {
    const missing = 'nv13' as 'nv12';
    assertRefused(() => compileKernel(missing), 'INTERNAL', /nv13\.wasm is missing: run npm run build\.$/);
  });
});
