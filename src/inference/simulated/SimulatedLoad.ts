import { monotonicNs } from '../../stats/monotonicNs.js';
import type { SimulatedBpuSpec } from '../BackendSpec.js';
import { SimulatedDevice } from './SimulatedDevice.js';

/** Load of a simulated device between two readings, like the load in a real board's sysfs. */
export class SimulatedLoad {
  readonly #device: SimulatedDevice;
  readonly #cores: number;
  #lastNs = monotonicNs();
  #lastServedNs: number;

  constructor({ device, deviceModel }: Pick<SimulatedBpuSpec, 'device' | 'deviceModel'>) {
    this.#device = new SimulatedDevice(device);
    this.#cores = deviceModel.cores;
    this.#lastServedNs = this.#device.servedNs(this.#lastNs);
  }

  /** Mean load of the cores since the last call, 0 to 100. */
  takePercent(): number {
    const nowNs = monotonicNs();
    const servedNs = this.#device.servedNs(nowNs);
    const share = (servedNs - this.#lastServedNs) / ((nowNs - this.#lastNs) * this.#cores);
    this.#lastNs = nowNs;
    this.#lastServedNs = servedNs;
    return Math.min(Math.max(100 * share, 0), 100);
  }
}
