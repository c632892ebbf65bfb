import { asEffvitError } from '../../core/EffvitError.js';
import { BoardMonitor } from '../../inference/bpu/BoardMonitor.js';
import { detectChip, otherBoard, systemRoot } from '../../inference/bpu/detectChip.js';
import { type BpuChip, MARCH_OF_CHIP } from '../../model/BpuChip.js';
import { type Finding, type Machine, ok, problem, warning } from './Finding.js';

const HOT_CELSIUS = 85;

/** The BPU's chip, its runtime, and its state. */
export async function checkBpu(machine: Machine): Promise<Finding[]> {
  const root = systemRoot(machine.env, machine.root);
  const chip = detectChip(root, machine.env);
  const findings = [checkChip(chip, otherBoard(root)), ...(await checkRuntime(machine, chip))];
  if (chip !== undefined) findings.push(...checkBoard(machine));
  return findings;
}

function checkChip(chip: BpuChip | undefined, other: string | undefined): Finding {
  if (chip !== undefined) return ok('BPU', `${chip} (${MARCH_OF_CHIP[chip]})`);
  if (other === undefined)
    return ok('BPU', 'none on this machine: inference runs on the CPU, or on a simulated BPU');
  return warning(
    'BPU',
    `${other}, of another generation than the X5 and X3: its BPU is not used, inference runs on the CPU`,
    'effvit bench --backend onnx',
  );
}

async function checkRuntime({ env }: Machine, chip: BpuChip | undefined): Promise<Finding[]> {
  const given = env['EFFVIT_LIBDNN'];
  // A PC needs no BPU, but if the user names a chip, it is checked.
  if (chip === undefined && (given === undefined || given === '')) return [];
  try {
    const { LibDnn } = await import('../../inference/bpu/LibDnn.js');
    const { version, path } = new LibDnn(given).library;
    return [ok('libdnn', `${version} (${path})`)];
  } catch (error) {
    const { message } = asEffvitError(error);
    // The loader's message is in brackets and may itself contain colons.
    const [, found = message, remedy] = /^(.*\)|[^:]*): (.*?)\.?$/s.exec(message) ?? [];
    return [problem('libdnn', found, remedy ?? 'sudo apt update && sudo apt install hobot-dnn')];
  }
}

function checkBoard({ root, env }: Machine): Finding[] {
  const { bpuLoadPercent, bpuFrequencyHz, bpuMaxFrequencyHz, temperaturesCelsius } = new BoardMonitor(
    systemRoot(env, root),
  ).read();
  const findings: Finding[] = [];
  if (bpuLoadPercent !== undefined)
    findings.push(ok('BPU load', bpuLoadPercent.map((load) => `${load} %`).join(', ')));
  if (bpuFrequencyHz !== undefined && bpuMaxFrequencyHz !== undefined) {
    const found = `${megahertz(bpuFrequencyHz)} of ${megahertz(bpuMaxFrequencyHz)} MHz`;
    const slow = `${found}: slower than the published figures`;
    const remedy = 'echo performance | sudo tee /sys/devices/system/bpu/bpu0/devfreq/*/governor';
    const isSlow = bpuFrequencyHz < bpuMaxFrequencyHz;
    findings.push(isSlow ? warning('BPU frequency', slow, remedy) : ok('BPU frequency', found));
  }
  const temperatures = Object.entries(temperaturesCelsius ?? {});
  if (temperatures.length > 0) {
    const found = temperatures.map(([name, celsius]) => `${name} ${celsius.toFixed(0)} °C`).join(', ');
    const hot = warning(
      'temperature',
      `${found}: the chip may throttle`,
      'give the board a heat sink or a fan',
    );
    const isHot = temperatures.some(([, celsius]) => celsius >= HOT_CELSIUS);
    findings.push(isHot ? hot : ok('temperature', found));
  }
  return findings;
}

function megahertz(hertz: number): string {
  return (hertz / 1e6).toFixed(0);
}
