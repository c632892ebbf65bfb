import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EffvitError } from '../core/EffvitError.js';

/**
 * Compiles one of the kernels in `assembly/`. A module can be sent to worker threads.
 *
 * @throws EffvitError UNSUPPORTED if the processor lacks the vector instructions; INTERNAL if the kernel was not built.
 */
export function compileKernel(name: 'nv12' | 'nv12Tensor'): WebAssembly.Module {
  // The build writes it next to this file.
  const file = fileURLToPath(new URL(`./${name}.wasm`, import.meta.url));
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new EffvitError('INTERNAL', `The image kernel ${file} is missing: run npm run build.`, {
      context: { file },
      cause: error,
    });
  }
  if (!WebAssembly.validate(bytes)) {
    throw new EffvitError(
      'UNSUPPORTED',
      `The image kernel needs WebAssembly SIMD and threads, which Node ${process.version} lacks on this ${process.arch} processor: use Node 20.3 or newer on arm64, or on x64 with SSE 4.1.`,
    );
  }
  return new WebAssembly.Module(bytes);
}
