import { EffvitError } from '../../core/EffvitError.js';
import type { BpuBackendSpec } from '../BackendSpec.js';
import { CONTROL, dataView } from './bpuAbi.js';
import { BPU_INVALID_ARGUMENT, BPU_TIMED_OUT } from './bpuErrors.js';
import type { LibDnn } from './LibDnn.js';
import { NativeMemory } from './NativeMemory.js';

const TASK_OFFSET = 0;
const OUTPUTS_OFFSET = 8;
const CONTROL_OFFSET = 16;
/** The runtime's core masks. */
const ANY_CORE = 0;
const CORE_MASKS = [1, 2] as const;

/** Inputs of a task: hbDNNTensor structures, and for a model that crops and scales as many hbDNNRoi structures. */
export interface TaskInputs {
  /** Address of the first tensor. */
  readonly inputs: bigint;
  readonly rois?: { readonly address: bigint; readonly count: number };
}

/** Infer, wait and release for one worker; at most one task at a time. */
export class BpuTask {
  readonly #lib: LibDnn;
  readonly #about: string;
  readonly #timeoutMs: number;
  /** The task handle, the address of the outputs (the runtime takes a pointer to it) and the control block. */
  readonly #memory: NativeMemory;
  readonly #view: DataView;
  readonly #control: Uint8Array;
  /** A wait timed out: the device may still use the tensors. */
  #isHung = false;
  /** Finished tasks whose release failed. */
  #unreleased: bigint[] = [];

  constructor(lib: LibDnn, { core, priority, timeoutMs, modelPath }: BpuBackendSpec) {
    this.#lib = lib;
    this.#about = modelPath;
    this.#timeoutMs = Math.round(timeoutMs);
    this.#memory = new NativeMemory(CONTROL_OFFSET + CONTROL.size);
    const { bytes } = this.#memory;
    this.#view = dataView(bytes);
    this.#control = bytes.subarray(CONTROL_OFFSET);
    const mask = core === 'any' ? ANY_CORE : (CORE_MASKS[core] ?? ANY_CORE);
    this.#view.setInt32(CONTROL_OFFSET + CONTROL.bpuCoreId, mask, true);
    this.#view.setInt32(CONTROL_OFFSET + CONTROL.priority, priority, true);
  }

  /**
   * Submits the tensors and blocks until the BPU has finished. Call {@link release} afterwards.
   *
   * @param outputs address of contiguous hbDNNTensor structures.
   * @throws EffvitError BPU_FAILED, BAD_MODEL; WORKER_DIED after a time-out: this worker's tensors are lost.
   */
  run(outputs: bigint, inputs: TaskInputs, model: bigint): void {
    this.#view.setBigUint64(OUTPUTS_OFFSET, outputs, true);
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

  /** Releases the finished task. @throws EffvitError BPU_FAILED; then {@link end} tries again. */
  release(): void {
    if (this.#handle === 0n) return;
    this.#lib.require('hbDNNReleaseTask', this.#about, this.#handle);
    this.#handle = 0n;
  }

  /**
   * Waits a last time for a hung task. No task may be run afterwards.
   *
   * @returns whether the tensors are free; if not, the memory of this object is not freed either.
   */
  end(limitMs: number): boolean {
    if (this.#isHung) {
      if (this.#lib.call('hbDNNWaitTaskDone', this.#handle, limitMs) === BPU_TIMED_OUT) return false;
      this.#isHung = false;
    }
    this.#forget();
    // A release that fails here is tried once more, because nothing else would release the task.
    if (this.#unreleased.length > 0) this.#forget();
    this.#memory.free();
    return true;
  }

  get #handle(): bigint {
    return this.#view.getBigUint64(TASK_OFFSET, true);
  }

  set #handle(handle: bigint) {
    this.#view.setBigUint64(TASK_OFFSET, handle, true);
  }

  #infer(inputs: TaskInputs, model: bigint): void {
    // Retry earlier tasks that could not be released.
    this.#forget();
    let code = this.#call(inputs, model);
    if (code === BPU_INVALID_ARGUMENT && this.#control.some((byte) => byte !== 0)) {
      // The chip does not have this core: like the vendor's node, retry with the defaults and use these from now on.
      this.#control.fill(0);
      this.#handle = 0n;
      code = this.#call(inputs, model);
    }
    if (code === 0) return;
    this.#handle = 0n;
    throw this.#lib.error(inputs.rois === undefined ? 'hbDNNInfer' : 'hbDNNRoiInfer', code, this.#about);
  }

  #call({ inputs, rois }: TaskInputs, model: bigint): number {
    const { address } = this.#memory;
    const [task, outputs] = [address + BigInt(TASK_OFFSET), address + BigInt(OUTPUTS_OFFSET)];
    const control = address + BigInt(CONTROL_OFFSET);
    if (rois === undefined) return this.#lib.call('hbDNNInfer', task, outputs, inputs, model, control);
    return this.#lib.call('hbDNNRoiInfer', task, outputs, inputs, rois.address, rois.count, model, control);
  }

  #forget(): void {
    if (this.#handle !== 0n) this.#unreleased.push(this.#handle);
    this.#handle = 0n;
    this.#unreleased = this.#unreleased.filter((task) => this.#lib.call('hbDNNReleaseTask', task) !== 0);
  }
}
