import { availableParallelism } from 'node:os';
import type { BackendSpec } from '../inference/BackendSpec.js';
import { readBoardMonitor } from '../inference/bpu/BoardMonitor.js';
import { SimulatedDevice } from '../inference/simulated/SimulatedDevice.js';
import type { DeviceMeter } from '../report/perf/measurePool.js';

const NS_PER_US = 1e3;

/** Who tells how busy the device of a backend is: the simulation's own count, the board's sysfs, or the CPU time. */
export function deviceMeter(backend: BackendSpec): DeviceMeter {
  switch (backend.kind) {
    case 'bpu_sim': {
      const device = new SimulatedDevice(backend.device);
      return { cores: backend.deviceModel.cores, busyNs: () => device.counters().busyNs };
    }
    case 'bpu':
      return {
        cores: 1,
        loadPercent: () => {
          const loads = readBoardMonitor().bpuLoadPercent;
          return loads === undefined ? undefined : loads.reduce((sum, load) => sum + load, 0) / loads.length;
        },
      };
    default:
      return {
        cores: availableParallelism(),
        busyNs: () => {
          const { user, system } = process.cpuUsage();
          return (user + system) * NS_PER_US;
        },
      };
  }
}
