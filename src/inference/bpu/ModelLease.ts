import { EffvitError } from '../../core/EffvitError.js';
import type { LibDnn } from './LibDnn.js';

/** Words: the lock (0 free, 1 taken), the number of holders; then the handles as 64-bit addresses. */
const LOCK = 0;
const HOLDERS = 1;
const PACKED = 1;
const MODEL = 2;
const WORD64_COUNT = 3;

/** Longer than any model takes to load. */
const LOCK_LIMIT_MS = 60_000;

const leases = new Map<string, SharedArrayBuffer>();

/** The memory in which this process's threads share the one handle of a model file. */
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
 * One loaded model for all worker threads: the first who takes it loads it, the last who gives it back releases it.
 * Its handles may cross threads; who holds it keeps them valid. Both calls may block: on worker threads only.
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
   * @returns the model's handle.
   * @throws EffvitError NOT_FOUND, BAD_MODEL, BPU_FAILED; nothing is held then.
   */
  take(lib: LibDnn, modelPath: string, modelName: string | undefined): bigint {
    return this.#locked(() => {
      if (Atomics.load(this.#words, HOLDERS) === 0) {
        const { packed, model } = load(lib, modelPath, modelName);
        this.#handles[PACKED] = packed;
        this.#handles[MODEL] = model;
      }
      Atomics.add(this.#words, HOLDERS, 1);
      this.#isHeld = true;
      return this.#handles[MODEL] ?? 0n;
    });
  }

  /** Idempotent; after everything that was made with the handle is freed. @throws EffvitError BPU_FAILED */
  giveBack(lib: LibDnn, modelPath: string): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#locked(() => {
      if (Atomics.sub(this.#words, HOLDERS, 1) > 1) return;
      const packed = this.#handles[PACKED] ?? 0n;
      this.#handles[PACKED] = 0n;
      this.#handles[MODEL] = 0n;
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

function load(lib: LibDnn, modelPath: string, modelName: string | undefined) {
  const packed = lib.initializeFromFile(modelPath);
  try {
    // The name inside differs from the file's name: only the list knows it.
    const names = lib.modelNames(packed, modelPath);
    const name = modelName ?? names[0];
    if (name === undefined || !names.includes(name) || (modelName === undefined && names.length > 1)) {
      throw new EffvitError(
        'BAD_MODEL',
        `Expected one model${modelName === undefined ? '' : ` named ${modelName}`} in ${modelPath} but it holds ${names.join(', ') || 'none'}.`,
      );
    }
    return { packed, model: lib.modelHandle(packed, name, modelPath) };
  } catch (error) {
    lib.call('hbDNNRelease', packed);
    throw error;
  }
}
