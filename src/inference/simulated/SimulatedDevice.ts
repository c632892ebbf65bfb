import type { BpuChip } from '../../model/BpuChip.js';

/** As many cores as a manifest may claim. */
const MOST_CORES = 64;
/** Words of 64 bits: frames served, busy time, then for each core the time from which it is free. */
const FRAMES = 0;
const BUSY_NS = 1;
const FREE_AT_NS = 2;
const WORD_COUNT = FREE_AT_NS + MOST_CORES;

/** What the device has done since the process began. */
export interface SimulatedDeviceCounters {
  readonly frames: number;
  /** Sum over the cores, frames that are queued included. */
  readonly busyNs: number;
}

const devices = new Map<BpuChip, SharedArrayBuffer>();

/** The memory of this process's one device of that chip; whoever uses it, in whatever pool, stands in one queue. */
export function simulatedDevice(chip: BpuChip): SharedArrayBuffer {
  let memory = devices.get(chip);
  if (memory === undefined) {
    memory = new SharedArrayBuffer(WORD_COUNT * BigInt64Array.BYTES_PER_ELEMENT);
    devices.set(chip, memory);
  }
  return memory;
}

/**
 * A chip as a queue: cores that each serve one frame at a time, first come first served. It keeps absolute times
 * alone: a frame's end is known when it is handed over, so a thread that wakes late delays itself and not the
 * device, as with real hardware.
 */
export class SimulatedDevice {
  readonly #words: BigInt64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new BigInt64Array(memory);
  }

  /** Counts the frames of a further task. @returns the number of the first, from 0: service times are drawn by it. */
  addFrames(count: number): number {
    return Number(Atomics.add(this.#words, FRAMES, BigInt(count)));
  }

  /**
   * Queues a task that reaches the device at `arrivalNs` of the monotonic clock and keeps a core busy for `serviceNs`.
   *
   * @param core one core, or all of which the first that is free is taken.
   * @returns when it is done.
   */
  serve(arrivalNs: number, serviceNs: number, core: number | { readonly cores: number }): number {
    const arrival = BigInt(Math.round(arrivalNs));
    const service = BigInt(Math.round(serviceNs));
    for (;;) {
      const chosen = typeof core === 'number' ? core : this.#firstFree(core.cores);
      const freeAt = Atomics.load(this.#words, FREE_AT_NS + chosen);
      const end = (freeAt > arrival ? freeAt : arrival) + service;
      if (Atomics.compareExchange(this.#words, FREE_AT_NS + chosen, freeAt, end) !== freeAt) continue;
      Atomics.add(this.#words, BUSY_NS, service);
      return Number(end);
    }
  }

  counters(): SimulatedDeviceCounters {
    return {
      frames: Number(Atomics.load(this.#words, FRAMES)),
      busyNs: Number(Atomics.load(this.#words, BUSY_NS)),
    };
  }

  /** Time that the cores have been busy until `nowNs`, without what still waits in their queues. */
  servedNs(nowNs: number): number {
    let aheadNs = 0;
    for (let word = FREE_AT_NS; word < WORD_COUNT; word++)
      aheadNs += Math.max(Number(Atomics.load(this.#words, word)) - nowNs, 0);
    return Math.max(this.counters().busyNs - aheadNs, 0);
  }

  #firstFree(cores: number): number {
    let first = 0;
    for (let core = 1; core < cores; core++) {
      if (Atomics.load(this.#words, FREE_AT_NS + core) < Atomics.load(this.#words, FREE_AT_NS + first))
        first = core;
    }
    return first;
  }
}
