import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { BackendSpec, SimulatedBpuSpec } from '../../inference/BackendSpec.js';
import type { BoardReading } from '../../inference/bpu/BoardMonitor.js';
import { SimulatedLoad } from '../../inference/simulated/SimulatedLoad.js';
import { type LoadReading, ProcessLoad } from './ProcessLoad.js';

/** The machine between two looks; absent is what it does not tell. */
export interface MachineReading extends LoadReading {
  /** 99th percentile of how late the event loop came. */
  readonly eventLoopDelayP99Ms: number;
  readonly board: BoardReading;
}

/** Of the timer that sees the delay: an idle node wakes for it, and at 10 ms that took half a percent of a core. */
const LOOP_TIMER_MS = 50;
const NS_PER_MS = 1e6;

/** What diagnostics and statistics tell of the machine: this process, and the board's own sensors. */
export class MachineMonitor {
  readonly #readSensors: () => BoardReading;
  readonly #process = new ProcessLoad();
  readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_TIMER_MS });
  #simulated: { readonly spec: SimulatedBpuSpec; readonly load: SimulatedLoad } | undefined;

  constructor(readSensors: () => BoardReading = () => ({})) {
    this.#readSensors = readSensors;
    this.#loopDelay.enable();
  }

  /** @param backend what runs the model; the load of a simulated BPU takes the place of a real one's. */
  take(backend: BackendSpec | undefined): MachineReading {
    // The histogram holds the timer's period as well; without a sample it is not a number.
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
