import type { BpuChip } from '../../model/BpuChip.js';
import { monotonicNs, NS_PER_MS } from '../../stats/monotonicNs.js';
import type { SimulatedBpuSpec } from '../BackendSpec.js';

/** The most cores that a manifest may state. */
const MOST_CORES = 64;
/** 64-bit words: frames served, busy time, then for each core the time when it becomes free. */
const FRAMES = 0;
const BUSY_NS = 1;
const FREE_AT_NS = 2;
const WORD_COUNT = FREE_AT_NS + MOST_CORES;

const devices = new Map<BpuChip, SharedArrayBuffer>();

/** Memory of the process's device for this chip; all pools and workers share its queue. */
export function simulatedDevice(chip: BpuChip): SharedArrayBuffer {
  let memory = devices.get(chip);
  if (memory === undefined) {
    memory = new SharedArrayBuffer(WORD_COUNT * BigInt64Array.BYTES_PER_ELEMENT);
    devices.set(chip, memory);
  }
  return memory;
}

/**
 * A chip simulated as a queue: each core serves one task at a time, first come, first served. Only absolute times are
 * stored: the end of a task is fixed when it is queued, so a thread that wakes late delays only itself and not the
 * device, as with real hardware.
 */
export class SimulatedDevice {
  readonly #words: BigInt64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new BigInt64Array(memory);
  }

  /** Counts the frames of a task. @returns the number of its first frame, from 0, which seeds the service time. */
  addFrames(count: number): number {
    return Number(Atomics.add(this.#words, FRAMES, BigInt(count)));
  }

  /**
   * Queues a task that reaches the device at `arrivalNs` of the monotonic clock and keeps a core busy for `serviceNs`.
   *
   * @param core a core, or a number of cores from which the one that is free first is chosen.
   * @returns when the task ends.
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

  /** Totals since the process started; `busyNs` is the sum over the cores, including queued frames. */
  counters(): { readonly frames: number; readonly busyNs: number } {
    return {
      frames: Number(Atomics.load(this.#words, FRAMES)),
      busyNs: Number(Atomics.load(this.#words, BUSY_NS)),
    };
  }

  /** Busy time of the cores until `nowNs`, without queued tasks. */
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

/** The kernel wakes a sleeping thread slightly more than 50 µs late, so the last part of the wait is a busy loop. */
const AWAKE_NS = 100_000;

const nobodyNotifies = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Blocks the thread until a point on the monotonic clock, within a few microseconds; not for the main thread. */
export function waitUntil(deadlineNs: number): void {
  for (;;) {
    const leftNs = deadlineNs - monotonicNs();
    if (leftNs <= 0) return;
    if (leftNs > AWAKE_NS) Atomics.wait(nobodyNotifies, 0, 0, (leftNs - AWAKE_NS) / NS_PER_MS);
  }
}
