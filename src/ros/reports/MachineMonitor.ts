import { cpus } from 'node:os';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { BackendSpec, SimulatedBpuSpec } from '../../inference/BackendSpec.js';
import type { BoardReading } from '../../inference/bpu/BoardMonitor.js';
import { SimulatedLoad } from '../../inference/simulated/SimulatedDevice.js';
import { NS_PER_MS } from '../../stats/monotonicNs.js';

/** State of the machine between two readings; fields that need two are undefined in the first one. */
export interface MachineReading {
  /** CPU load of this process, percent of one core. */
  readonly cpuLoadPercent: number | undefined;
  /** CPU load of the whole machine, percent of all its cores. */
  readonly systemLoadPercent: number | undefined;
  /** The resident set of this process. */
  readonly memoryMib: number;
  /** 99th percentile of the event loop's delay. */
  readonly eventLoopDelayP99Ms: number;
  readonly board: BoardReading;
}

/** Period of the timer that measures the delay. It wakes an idle node: 10 ms took half a percent of a core. */
const LOOP_TIMER_MS = 50;

/** Readings of the machine for diagnostics and statistics: this process, and the board's sensors. */
export class MachineMonitor {
  readonly #readSensors: () => BoardReading;
  readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_TIMER_MS });
  #times: CpuTimes | undefined;
  #simulated: { readonly spec: SimulatedBpuSpec; readonly load: SimulatedLoad } | undefined;

  constructor(readSensors: () => BoardReading = () => ({})) {
    this.#readSensors = readSensors;
    this.#loopDelay.enable();
  }

  /**
   * The state since the last call; takes some hundred microseconds.
   *
   * @param backend runs the model; for a simulated BPU its load is reported instead of a real one's.
   */
  take(backend: BackendSpec | undefined): MachineReading {
    // The histogram includes the timer's period; without samples the result is NaN.
    const delayMs = this.#loopDelay.percentile(99) / NS_PER_MS - LOOP_TIMER_MS;
    this.#loopDelay.reset();
    const now = cpuTimes();
    const last = this.#times;
    this.#times = now;
    return {
      ...(last === undefined
        ? { cpuLoadPercent: undefined, systemLoadPercent: undefined }
        : loads(last, now)),
      memoryMib: process.memoryUsage.rss() / 2 ** 20,
      eventLoopDelayP99Ms: Math.max(delayMs, 0),
      board: { ...this.#readSensors(), ...this.#simulatedLoad(backend) },
    };
  }

  close(): void {
    this.#loopDelay.disable();
  }

  #simulatedLoad(backend: BackendSpec | undefined): BoardReading {
    const simulated = this.#simulated;
    if (backend?.kind === 'bpu_sim' && simulated?.spec === backend) {
      return { bpuLoadPercent: [simulated.load.takePercent()] };
    }
    this.#simulated =
      backend?.kind === 'bpu_sim' ? { spec: backend, load: new SimulatedLoad(backend) } : undefined;
    return {};
  }
}

type CpuTimes = ReturnType<typeof cpuTimes>;

/** CPU times of this process and of all cores. */
function cpuTimes() {
  const { user, system } = process.cpuUsage();
  let busyMs = 0;
  let idleMs = 0;
  for (const { times } of cpus()) {
    busyMs += times.user + times.nice + times.sys + times.irq;
    idleMs += times.idle;
  }
  return { atNs: process.hrtime.bigint(), processMicroseconds: user + system, busyMs, idleMs };
}

function loads(last: CpuTimes, now: CpuTimes): Pick<MachineReading, 'cpuLoadPercent' | 'systemLoadPercent'> {
  const elapsedMicroseconds = Number(now.atNs - last.atNs) / 1000;
  const busyMs = now.busyMs - last.busyMs;
  const allMs = busyMs + now.idleMs - last.idleMs;
  return {
    cpuLoadPercent: (100 * (now.processMicroseconds - last.processMicroseconds)) / elapsedMicroseconds,
    // The system counts in hundredths of a second, so two readings may be equal.
    systemLoadPercent: allMs > 0 ? (100 * busyMs) / allMs : undefined,
  };
}
