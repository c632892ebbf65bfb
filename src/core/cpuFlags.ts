import { join } from 'node:path';
import { readText } from './readInput.js';

/**
 * Instruction sets of the first core, as Linux names them: `flags` on x86, `Features` on ARM; empty without
 * /proc.
 *
 * @param root the folder that holds `proc`
 */
export function cpuFlags(root = '/'): ReadonlySet<string> {
  const text = readText(join(root, 'proc/cpuinfo')) ?? '';
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1] ?? '';
  return new Set(line.split(/\s+/).filter((flag) => flag !== ''));
}

/**
 * Whether ONNX Runtime's U8S8 kernels add products of 8 bits exactly. On x86 without VNNI they add two of them in
 * 16 bits, which overflows (saturates) where large weights meet large activations; ARM's kernels add in 32 bits.
 * Unknown CPUs count as inexact.
 */
export function hasExactInt8(arch: string = process.arch, flags: ReadonlySet<string> = cpuFlags()): boolean {
  if (arch !== 'x64' && arch !== 'ia32') return true;
  return flags.has('avx512_vnni') || flags.has('avx_vnni');
}
