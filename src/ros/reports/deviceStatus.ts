import { bpuLoadPercent, hottestCelsius } from '../../inference/bpu/BoardMonitor.js';
import type { MachineReading } from './MachineMonitor.js';
import { LEVEL, type Values, type Verdict } from './Verdict.js';

const HOT_CELSIUS = 95;
const FULL_LOAD_PERCENT = 98;
const HZ_PER_MHZ = 1e6;

export function deviceVerdict(
  { board, systemLoadPercent = 0 }: MachineReading,
  isSimulated: boolean,
): Verdict {
  const hottest = hottestCelsius(board);
  if (hottest !== undefined && hottest >= HOT_CELSIUS) {
    return [LEVEL.error, `${hottest.toFixed(0)} °C: the chip throttles or stops`];
  }
  if (systemLoadPercent >= FULL_LOAD_PERCENT) {
    return [LEVEL.warn, `all processor cores are loaded to ${systemLoadPercent.toFixed(0)} %`];
  }
  const highest = Math.max(...(board.bpuLoadPercent ?? []));
  if (highest >= FULL_LOAD_PERCENT) {
    // A fully used BPU is no fault. Frames that it cannot take are reported in the pipeline's status.
    return [LEVEL.ok, `the BPU is fully used (${highest.toFixed(0)} %)${isSimulated ? ' (SIMULATED)' : ''}`];
  }
  return [LEVEL.ok, 'ok'];
}

export function deviceValues(machine: MachineReading): Values {
  const { board } = machine;
  const { bpuLoadPercent: loads = [], temperaturesCelsius = {} } = board;
  const megahertz = (frequencyHz = Number.NaN): number => frequencyHz / HZ_PER_MHZ;
  const temperatures = Object.entries(temperaturesCelsius);
  return {
    cpu_load_percent: machine.cpuLoadPercent,
    system_load_percent: machine.systemLoadPercent,
    event_loop_delay_p99_ms: machine.eventLoopDelayP99Ms,
    memory_mib: machine.memoryMib,
    bpu_load_percent: bpuLoadPercent(board),
    ...(loads.length > 1 && Object.fromEntries(loads.map((load, core) => [`bpu${core}_load_percent`, load]))),
    bpu_frequency_mhz: megahertz(board.bpuFrequencyHz),
    ddr_frequency_mhz: megahertz(board.ddrFrequencyHz),
    cpu_frequency_mhz: megahertz(board.cpuFrequencyHz),
    cpu_governor: board.cpuGovernor,
    temperature_celsius: hottestCelsius(board),
    ...Object.fromEntries(
      temperatures.map(([sensor, celsius]) => [`temperature_${sensor}_celsius`, celsius]),
    ),
  };
}
