import { availableParallelism } from 'node:os';
import type { BackendSpec } from '../inference/BackendSpec.js';
import { bpuLoadPercent, readBoardMonitor } from '../inference/bpu/BoardMonitor.js';
import { SimulatedDevice } from '../inference/simulated/SimulatedDevice.js';
import type { DeviceMeter } from '../report/perf/measurePool.js';
import { monotonicNs } from '../stats/monotonicNs.js';

const NS_PER_US = 1e3;

/** Measures the load of a backend's device: from the simulation's counter, the board's sysfs, or the CPU time. */
export function deviceMeter(backend: BackendSpec): DeviceMeter {
  switch (backend.kind) {
    case 'bpu_sim': {
      const device = new SimulatedDevice(backend.device);
      return { cores: backend.deviceModel.cores, busyNs: () => device.servedNs(monotonicNs()) };
    }
    case 'bpu':
      return {
        cores: 1,
        loadPercent: () => bpuLoadPercent(readBoardMonitor()),
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
