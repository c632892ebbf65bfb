import { EffvitError } from '../../core/EffvitError.js';
import type { LibDnn } from './LibDnn.js';

/** Words: the lock (0 free, 1 taken) and the number of holders, then the packed handle as a 64-bit address. */
const LOCK = 0;
const HOLDERS = 1;
const PACKED = 1;
const WORD64_COUNT = 2;

/** Longer than any model needs to load. */
const LOCK_LIMIT_MS = 60_000;

const leases = new Map<string, SharedArrayBuffer>();

/** Memory in which the threads of this process share the handle of a model file. */
export function modelLease(modelPath: string, libraryPath = ''): SharedArrayBuffer {
  const key = `${libraryPath}\n${modelPath}`;
  let memory = leases.get(key);
  if (memory === undefined) {
    memory = new SharedArrayBuffer(WORD64_COUNT * BigUint64Array.BYTES_PER_ELEMENT);
    leases.set(key, memory);
  }
  return memory;
}

/**
 * One loaded model for all worker threads: the first `acquire` loads it, the last `release` unloads it. Its handles
 * may be passed between threads and are valid while any thread holds the lease. Both calls may block, so use them only
 * on worker threads.
 */
export class ModelLease {
  readonly #words: Int32Array;
  readonly #handles: BigUint64Array;
  #isHeld = false;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, 2);
    this.#handles = new BigUint64Array(memory);
  }

  /**
   * @returns the file's handle.
   * @throws EffvitError NOT_FOUND, BAD_MODEL, BPU_FAILED; then the lease is not held.
   */
  acquire(lib: LibDnn, modelPath: string): bigint {
    return this.#locked(() => {
      if (Atomics.load(this.#words, HOLDERS) === 0) this.#handles[PACKED] = lib.initializeFromFile(modelPath);
      Atomics.add(this.#words, HOLDERS, 1);
      this.#isHeld = true;
      return this.#handles[PACKED] ?? 0n;
    });
  }

  /** Idempotent. Free everything made with the handle first. @throws EffvitError BPU_FAILED */
  release(lib: LibDnn, modelPath: string): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#locked(() => {
      if (Atomics.sub(this.#words, HOLDERS, 1) > 1) return;
      const packed = this.#handles[PACKED] ?? 0n;
      this.#handles[PACKED] = 0n;
      lib.require('hbDNNRelease', modelPath, packed);
    });
  }

  #locked<Result>(work: () => Result): Result {
    const endMs = performance.now() + LOCK_LIMIT_MS;
    while (Atomics.compareExchange(this.#words, LOCK, 0, 1) !== 0) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0 || Atomics.wait(this.#words, LOCK, 1, leftMs) === 'timed-out') {
        throw new EffvitError(
          'TIMED_OUT',
          `Another thread has been loading the model for more than ${LOCK_LIMIT_MS} ms: restart the process, and check the BPU.`,
        );
      }
    }
    try {
      return work();
    } finally {
      Atomics.store(this.#words, LOCK, 0);
      Atomics.notify(this.#words, LOCK, 1);
    }
  }
}
