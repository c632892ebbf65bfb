import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { BackendSpec, SimulatedBpuSpec } from '../../inference/BackendSpec.js';
import type { BoardReading } from '../../inference/bpu/BoardMonitor.js';
import { SimulatedLoad } from '../../inference/simulated/SimulatedDevice.js';
import { type LoadReading, ProcessLoad } from './ProcessLoad.js';

/** State of the machine between two readings; unavailable fields are absent. */
export interface MachineReading extends LoadReading {
  /** 99th percentile of the event loop's delay. */
  readonly eventLoopDelayP99Ms: number;
  readonly board: BoardReading;
}

/** Period of the timer that measures the delay. It wakes an idle node: 10 ms took half a percent of a core. */
const LOOP_TIMER_MS = 50;
const NS_PER_MS = 1e6;

/** Readings of the machine for diagnostics and statistics: this process, and the board's sensors. */
export class MachineMonitor {
  readonly #readSensors: () => BoardReading;
  readonly #process = new ProcessLoad();
  readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_TIMER_MS });
  #simulated: { readonly spec: SimulatedBpuSpec; readonly load: SimulatedLoad } | undefined;

  constructor(readSensors: () => BoardReading = () => ({})) {
    this.#readSensors = readSensors;
    this.#loopDelay.enable();
  }

  /** @param backend runs the model; for a simulated BPU its load is reported instead of a real one's. */
  take(backend: BackendSpec | undefined): MachineReading {
    // The histogram includes the timer's period; without samples the result is NaN.
    const delayMs = this.#loopDelay.percentile(99) / NS_PER_MS - LOOP_TIMER_MS;
    this.#loopDelay.reset();
    return {
      ...this.#process.take(),
      eventLoopDelayP99Ms: Math.max(delayMs, 0),
      board: { ...this.#readSensors(), ...this.#simulatedLoad(backend) },
    };
  }

  close(): void {
    this.#loopDelay.disable();
  }

  #simulatedLoad(backend: BackendSpec | undefined): BoardReading {
    if (backend?.kind !== 'bpu_sim') {
      this.#simulated = undefined;
      return {};
    }
    if (this.#simulated?.spec !== backend) {
      this.#simulated = { spec: backend, load: new SimulatedLoad(backend) };
      return {};
    }
    return { bpuLoadPercent: [this.#simulated.load.takePercent()] };
  }
}
