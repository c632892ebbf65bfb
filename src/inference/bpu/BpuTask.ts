import { EffvitError } from '../../core/EffvitError.js';
import { CONTROL } from './bpuAbi.js';
import { BPU_INVALID_ARGUMENT, BPU_TIMED_OUT } from './bpuErrors.js';
import type { LibDnn } from './LibDnn.js';

/** The runtime's core masks. */
const ANY_CORE = 0;
const CORE_MASKS = [1, 2] as const;

export interface BpuTaskOptions {
  readonly core: 'any' | number;
  /** 0 is the lowest, 255 preempts. */
  readonly priority: number;
  readonly timeoutMs: number;
}

/** One worker's way through infer, wait and release; at most one task at a time. */
export class BpuTask {
  readonly #lib: LibDnn;
  readonly #about: string;
  readonly #timeoutMs: number;
  readonly #task = new BigUint64Array(new ArrayBuffer(8));
  readonly #control = new Uint8Array(new ArrayBuffer(CONTROL.size));
  /** The address of the outputs, since the runtime wants the address of a variable that holds it. */
  readonly #outputs = new BigUint64Array(new ArrayBuffer(8));
  /** After a wait that ran out: the device may still use the tensors. */
  #isHung = false;

  constructor(lib: LibDnn, { core, priority, timeoutMs }: BpuTaskOptions, about: string) {
    this.#lib = lib;
    this.#about = about;
    this.#timeoutMs = Math.round(timeoutMs);
    const control = new DataView(this.#control.buffer);
    control.setInt32(CONTROL.bpuCoreId, core === 'any' ? ANY_CORE : (CORE_MASKS[core] ?? ANY_CORE), true);
    control.setInt32(CONTROL.priority, priority, true);
  }

  /**
   * Hands the tensors over and blocks until the BPU is done; {@link release} then.
   *
   * @param outputs contiguous hbDNNTensor structures. @param inputs the same.
   * @throws EffvitError BPU_FAILED, BAD_MODEL; WORKER_DIED after a time-out: this worker's tensors are lost to it.
   */
  run(outputs: Uint8Array, inputs: Uint8Array, model: bigint): void {
    this.#outputs[0] = this.#lib.addressOf(outputs);
    this.#infer(inputs, model);
    const code = this.#lib.call('hbDNNWaitTaskDone', this.#handle, this.#timeoutMs);
    if (code === 0) return;
    if (code === BPU_TIMED_OUT) {
      this.#isHung = true;
      throw new EffvitError(
        'WORKER_DIED',
        `hbDNNWaitTaskDone failed with ${code} (time-out) for ${this.#about} after ${this.#timeoutMs} ms: the BPU is busy or hangs, so look at its load with effvit doctor, and restart the board if it stays so.`,
      );
    }
    const error = this.#lib.error('hbDNNWaitTaskDone', code, this.#about);
    this.#forget();
    throw error;
  }

  /** Gives the finished task back. @throws EffvitError BPU_FAILED; it is tried again by {@link end}. */
  release(): void {
    if (this.#handle === 0n) return;
    this.#lib.require('hbDNNReleaseTask', this.#about, this.#handle);
    this.#task[0] = 0n;
  }

  /** Waits a last time for a hung task. @returns whether the tensors are free now. */
  end(limitMs: number): boolean {
    if (this.#isHung) {
      if (this.#lib.call('hbDNNWaitTaskDone', this.#handle, limitMs) === BPU_TIMED_OUT) return false;
      this.#isHung = false;
    }
    this.#forget();
    return true;
  }

  get #handle(): bigint {
    return this.#task[0] ?? 0n;
  }

  #infer(inputs: Uint8Array, model: bigint): void {
    // A task of before that could not be released.
    this.#forget();
    this.#task[0] = 0n;
    let code = this.#call(inputs, model);
    if (code === BPU_INVALID_ARGUMENT && this.#control.some((byte) => byte !== 0)) {
      // A core that the chip lacks: as the vendor's own node does, once more with the defaults, and so from now on.
      this.#control.fill(0);
      this.#task[0] = 0n;
      code = this.#call(inputs, model);
    }
    if (code === 0) return;
    this.#task[0] = 0n;
    throw this.#lib.error('hbDNNInfer', code, this.#about);
  }

  #call(inputs: Uint8Array, model: bigint): number {
    const task = new Uint8Array(this.#task.buffer);
    const outputs = new Uint8Array(this.#outputs.buffer);
    return this.#lib.call('hbDNNInfer', task, outputs, this.#lib.addressOf(inputs), model, this.#control);
  }

  #forget(): void {
    if (this.#handle !== 0n && this.#lib.call('hbDNNReleaseTask', this.#handle) === 0) this.#task[0] = 0n;
  }
}
