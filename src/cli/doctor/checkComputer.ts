import { readFileSync } from 'node:fs';
import { cpuFlags, hasExactInt8 } from '../../core/cpuFlags.js';
import { packagePath } from '../../core/packageRoot.js';
import { BoardMonitor } from '../../inference/bpu/BoardMonitor.js';
import { type Finding, type Machine, ok, problem, warning } from './Finding.js';

/** Node.js, the CPU's int8 instructions and its governor. */
export function checkComputer(machine: Machine): Finding[] {
  return [checkNode(machine), checkInt8(machine), checkGovernor(machine)];
}

function checkNode({ nodeVersion }: Machine): Finding {
  const oldest = oldestNode();
  if (nodeVersion.localeCompare(oldest, 'en', { numeric: true }) >= 0) return ok('Node.js', nodeVersion);
  return problem(
    'Node.js',
    `${nodeVersion} is older than ${oldest}`,
    'curl -fsSL https://deb.nodesource.com/setup_20.x | sudo -E bash - && sudo apt install nodejs',
  );
}

/** From package.json. bin/checkNode.cjs already rejects much older versions before this file is loaded. */
function oldestNode(): string {
  const { engines } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as {
    engines: { node: string };
  };
  return engines.node.replace('>=', '');
}

function checkInt8({ root, arch }: Machine): Finding {
  const name = 'CPU for int8 models';
  const flags = cpuFlags(root);
  if (arch === 'arm64') {
    return flags.has('asimddp')
      ? ok(name, 'has dot products (asimddp)')
      : ok(name, 'has no dot products (asimddp): int8 is about as quick as float32');
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
