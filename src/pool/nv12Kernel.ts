import { compileNv12Kernel } from '../image/Nv12Converter.js';

let compiled: WebAssembly.Module | undefined;

/** The NV12 kernel, compiled once and shared with the worker threads. */
export function nv12Kernel(): WebAssembly.Module {
  compiled ??= compileNv12Kernel();
  return compiled;
}
