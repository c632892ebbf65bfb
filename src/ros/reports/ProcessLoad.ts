import { cpus } from 'node:os';

/** Fields that need two readings are undefined in the first one. */
export interface LoadReading {
  /** CPU load of this process, percent of one core. */
  readonly cpuLoadPercent: number | undefined;
  /** CPU load of the whole machine, percent of all its cores. */
  readonly systemLoadPercent: number | undefined;
  /** The resident set of this process. */
  readonly memoryMib: number;
}

interface CoreTimes {
  readonly busyMs: number;
  readonly idleMs: number;
}

/** Load and memory between two readings, for diagnostics; a reading takes some hundred microseconds. */
export class ProcessLoad {
  #last: { readonly cpuMicroseconds: number; readonly atNs: bigint; readonly cores: CoreTimes } | undefined;

  /** Returns the loads since the last call. */
  take(): LoadReading {
    const { user, system } = process.cpuUsage();
    const now = { cpuMicroseconds: user + system, atNs: process.hrtime.bigint(), cores: coreTimes() };
    const last = this.#last;
    this.#last = now;
    const memoryMib = process.memoryUsage.rss() / 2 ** 20;
    if (last === undefined) return { cpuLoadPercent: undefined, systemLoadPercent: undefined, memoryMib };
    const elapsedMicroseconds = Number(now.atNs - last.atNs) / 1000;
    const busyMs = now.cores.busyMs - last.cores.busyMs;
    const allMs = busyMs + now.cores.idleMs - last.cores.idleMs;
    return {
      cpuLoadPercent: (100 * (now.cpuMicroseconds - last.cpuMicroseconds)) / elapsedMicroseconds,
      // The system counts in hundredths of a second, so two readings may be equal.
      systemLoadPercent: allMs > 0 ? (100 * busyMs) / allMs : undefined,
      memoryMib,
    };
  }
}

function coreTimes(): CoreTimes {
  let busyMs = 0;
  let idleMs = 0;
  for (const { times } of cpus()) {
    busyMs += times.user + times.nice + times.sys + times.irq;
    idleMs += times.idle;
  }
  return { busyMs, idleMs };
}
