import { compileNv12Kernel } from '../image/Nv12Converter.js';

let compiled: WebAssembly.Module | undefined;

/** The NV12 kernel, compiled once; worker threads get the compiled code. */
export function nv12Kernel(): WebAssembly.Module {
  compiled ??= compileNv12Kernel();
  return compiled;
}
