import { readFileSync } from 'node:fs';
import { EffvitError } from '../core/EffvitError.js';

/**
 * Compiles one of the kernels in `assembly/`. A module can be sent to worker threads.
 *
 * @throws EffvitError UNSUPPORTED where the processor lacks the vector instructions.
 */
export function compileKernel(name: 'nv12' | 'nv12Tensor'): WebAssembly.Module {
  // The build puts it beside this file.
  const bytes = readFileSync(new URL(`./${name}.wasm`, import.meta.url));
  if (!WebAssembly.validate(bytes)) {
    throw new EffvitError(
      'UNSUPPORTED',
      `The image kernel needs WebAssembly SIMD and threads, which Node ${process.version} lacks on this ${process.arch} processor: use Node 20.3 or newer on arm64, or on x64 with SSE 4.1.`,
    );
  }
  return new WebAssembly.Module(bytes);
}
