import { cpus } from 'node:os';

/** Absent is what cannot be told at the first look. */
export interface LoadReading {
  /** Of this process, percent of one core. */
  readonly cpuLoadPercent: number | undefined;
  /** Of everything that runs on the machine, percent of all its cores. */
  readonly systemLoadPercent: number | undefined;
  /** The resident set of this process. */
  readonly memoryMib: number;
}

interface CoreTimes {
  readonly busyMs: number;
  readonly idleMs: number;
}

/** Load and memory between two looks, for diagnostics: some hundred microseconds a look. */
export class ProcessLoad {
  #last: { readonly cpuMicroseconds: number; readonly atNs: bigint; readonly cores: CoreTimes } | undefined;

  /** Loads are those since the last call. */
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
      // The system counts in hundredths of a second: two looks may see the same.
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
