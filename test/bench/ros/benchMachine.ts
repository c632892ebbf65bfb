import { readFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';

/** What decides how fast ONNX Runtime computes. */
const TELLING_FLAGS = ['avx2', 'avx512f', 'avx_vnni', 'avx512_vnni', 'amx_int8', 'asimddp', 'i8mm'];

/** The machine that figures were measured on. */
export interface BenchMachine {
  readonly cores: number;
  readonly cpu: string;
  /** Of its instruction sets. */
  readonly flags: readonly string[];
  readonly kernel: string;
  readonly node: string;
  readonly middleware: string;
  readonly load: number;
}

export function benchMachine(): BenchMachine {
  const told = new Set(
    /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1]?.split(' '),
  );
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    flags: TELLING_FLAGS.filter((flag) => told.has(flag)),
    kernel: release(),
    node: process.version,
    middleware: process.env['RMW_IMPLEMENTATION'] ?? 'default middleware',
    load: loadavg()[0] ?? Number.NaN,
  };
}

export function describeMachine(machine: BenchMachine): string {
  const { cores, cpu, flags, kernel, node, middleware, load } = machine;
  return `${cores} x ${cpu} (${flags.join(' ')}), Linux ${kernel}, Node ${node}, ${middleware} with config/fastdds.xml, load ${load.toFixed(2)}; nothing is pinned`;
}
