import { compileKernel } from '../image/compileKernel.js';

let compiled: WebAssembly.Module | undefined;

/** The NV12 kernel, compiled once and shared with the worker threads. */
export function nv12Kernel(): WebAssembly.Module {
  compiled ??= compileKernel('nv12');
  return compiled;
}
