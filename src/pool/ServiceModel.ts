import { signedUnit } from '../inference/simulated/hashLogits.js';

const NS_PER_MS = 1e6;

/** How long workers take for frames under a {@link VirtualClock}. */
export interface ServiceModel {
  /** Processors; each serves one frame at a time, and workers queue for them. From 1. */
  readonly cores: number;
  /** How long a frame keeps a processor busy, milliseconds. */
  readonly serviceMs: number;
  /** How long a worker is busy around that, half of it before and half after, milliseconds. */
  readonly hostMs: number;
  /** Largest deviation of a service time, as a fraction of it, 0 to 1; uniformly distributed. */
  readonly jitter: number;
  /** An integer; with the same seed the service times are the same. */
  readonly seed: number;
}

/** The processors of a {@link ServiceModel}: a queue that is served first come, first served. */
export class ServiceQueue {
  readonly #model: ServiceModel;
  readonly #freeNs: number[];
  #count = 0;

  constructor(model: ServiceModel) {
    this.#model = model;
    this.#freeNs = Array.from({ length: model.cores }, () => 0);
  }

  /**
   * Queues the inputs of a frame (1, or its regions).
   *
   * @param startNs when the worker starts the frame; not before that of the last call.
   * @returns when the worker is done with it, a whole number of nanoseconds.
   */
  serve(startNs: number, inputCount: number): number {
    const { serviceMs, hostMs, jitter, seed } = this.#model;
    const factor = 1 + jitter * signedUnit(this.#count ^ Math.imul(seed, 0x9e3779b1));
    this.#count += 1;
    const halfHostNs = (hostMs * NS_PER_MS) / 2;
    const core = this.#freeNs.indexOf(Math.min(...this.#freeNs));
    const begunNs = Math.max(this.#freeNs[core] ?? 0, startNs + halfHostNs);
    const endNs = begunNs + serviceMs * NS_PER_MS * factor * inputCount;
    this.#freeNs[core] = endNs;
    return Math.round(endNs + halfHostNs);
  }
}
