import { readFileSync } from 'node:fs';

/**
 * Whether this machine needs weights of fewer steps. ONNX Runtime's U8S8 kernels add two products of 8 bits in
 * 16 bits on x86 CPUs without VNNI, and such a sum can overflow (saturate) with all of int8's steps; with 64 on
 * either side of zero it cannot. ARM's kernels add in 32 bits.
 */
export function needsReducedRange(
  architecture: string = process.arch,
  readCpuInfo: () => string = () => readFileSync('/proc/cpuinfo', 'utf8'),
): boolean {
  if (architecture !== 'x64' && architecture !== 'ia32') return false;
  let flags: string;
  try {
    flags = /^flags\s*:(.*)$/m.exec(readCpuInfo())?.[1] ?? '';
  } catch {
    // Not Linux, or no /proc: the safe choice costs accuracy only, never a wrong sum.
    return true;
  }
  const known = flags.trim().split(/\s+/);
  return !known.includes('avx512_vnni') && !known.includes('avx_vnni');
}
