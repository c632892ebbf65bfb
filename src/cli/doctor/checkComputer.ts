import { createRequire } from 'node:module';
import { cpuFlags, hasExactInt8 } from '../../core/cpuFlags.js';
import { packagePath } from '../../core/packageRoot.js';
import { BoardMonitor } from '../../inference/bpu/BoardMonitor.js';
import { type Finding, type Machine, ok, problem, warning } from './Finding.js';

/** The launcher rejects a Node.js that is too old for the rest before this file is loaded, by the same rule. */
const { isOlder, oldest } = createRequire(import.meta.url)(packagePath('bin', 'checkNode.cjs')) as {
  isOlder(version: string, than: string): boolean;
  oldest: string;
};

/** Node.js, the CPU's int8 instructions and its governor. */
export function checkComputer(machine: Machine): Finding[] {
  return [checkNode(machine), checkInt8(machine), checkGovernor(machine)];
}

function checkNode({ nodeVersion }: Machine): Finding {
  if (!isOlder(nodeVersion, oldest)) return ok('Node.js', nodeVersion);
  return problem(
    'Node.js',
    `${nodeVersion} is older than ${oldest}`,
    'curl -fsSL https://deb.nodesource.com/setup_20.x | sudo -E bash - && sudo apt install nodejs',
  );
}

function checkInt8({ root, arch }: Machine): Finding {
  const name = 'CPU for int8 models';
  const flags = cpuFlags(root);
  if (arch === 'arm64') {
    const without = 'has no dot products (asimddp): int8 is about as quick as float32';
    return ok(name, flags.has('asimddp') ? 'has dot products (asimddp)' : without);
  }
  if (hasExactInt8(arch, flags)) return ok(name, 'has VNNI: int8 is quick and exact');
  if (flags.has('avx2')) {
    return warning(
      name,
      'has AVX2 without VNNI: sums of int8 models with weights of full range can saturate',
      'effvit quantize CONFIG without --full-range; models of other tools: their reduce_range',
    );
  }
  return warning(
    name,
    'has neither AVX2 nor dot products: int8 gains nothing',
    'effvit bench --backend onnx',
  );
}

function checkGovernor({ root }: Machine): Finding {
  const name = 'CPU governor';
  const { cpuGovernor, cpuFrequencyHz, cpuMaxFrequencyHz } = new BoardMonitor(root).read();
  if (cpuGovernor === undefined) return ok(name, 'unknown (a virtual machine)');
  const speed =
    cpuFrequencyHz === undefined || cpuMaxFrequencyHz === undefined
      ? ''
      : ` (${gigahertz(cpuFrequencyHz)} of ${gigahertz(cpuMaxFrequencyHz)} GHz now)`;
  if (cpuGovernor === 'performance') return ok(name, `${cpuGovernor}${speed}`);
  return warning(
    name,
    `${cpuGovernor}${speed}: latencies vary, and published figures are for performance`,
    'echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor',
  );
}

function gigahertz(hertz: number): string {
  return (hertz / 1e9).toFixed(1);
}
