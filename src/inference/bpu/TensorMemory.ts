import { FLUSH, MEMORIES_PER_TENSOR, SYS_MEM, TENSOR } from './bpuAbi.js';
import type { LibDnn } from './LibDnn.js';

export interface TensorDescription {
  /** The raw hbDNNTensorProperties. */
  readonly properties: Uint8Array;
  /** Bytes of each of its memories: one, or luma and chroma. */
  readonly sizes: readonly number[];
}

/** An hbDNNTensor with cached memory of the BPU, owned by one worker and freed once. */
export class TensorMemory {
  /** The hbDNNTensor; its address must not change while a task may use it. */
  readonly #tensor: Uint8Array;
  readonly #lib: LibDnn;
  readonly #about: string;
  #views: Uint8Array[] = [];

  private constructor(lib: LibDnn, tensor: Uint8Array, about: string) {
    this.#lib = lib;
    this.#tensor = tensor;
    this.#about = about;
  }

  /**
   * @param tensor the structure's bytes; the properties and the memories are written into them.
   * @throws EffvitError; then nothing stays allocated.
   */
  static allocate(
    lib: LibDnn,
    tensor: Uint8Array,
    { properties, sizes }: TensorDescription,
    about: string,
  ): TensorMemory {
    const memory = new TensorMemory(lib, tensor, about);
    tensor.set(properties, TENSOR.properties);
    try {
      for (const size of sizes.slice(0, MEMORIES_PER_TENSOR)) memory.#add(size);
    } catch (error) {
      memory.free();
      throw error;
    }
    return memory;
  }

  /** The memory shared by CPU and BPU; it is cached, so see {@link clean} and {@link invalidate}. */
  view(index: number): Uint8Array {
    return this.#views[index] ?? new Uint8Array(0);
  }

  /** Call this after the CPU wrote. */
  clean(): void {
    this.#flush(FLUSH.clean);
  }

  /** Call this before the CPU reads. */
  invalidate(): void {
    this.#flush(FLUSH.invalidate);
  }

  /** Frees all memory. Must not be called while a task uses it. @returns the errors; that memory stays lost. */
  free(): Error[] {
    const count = this.#views.length;
    this.#views = [];
    const errors: Error[] = [];
    for (let index = 0; index < count; index++) {
      const code = this.#lib.call('hbSysFreeMem', this.#sysMem(index));
      if (code !== 0) errors.push(this.#lib.error('hbSysFreeMem', code, this.#about));
    }
    return errors;
  }

  #add(size: number): void {
    const index = this.#views.length;
    const sysMem = this.#sysMem(index);
    this.#lib.require('hbSysAllocCachedMem', this.#about, sysMem, size);
    const view = new DataView(sysMem.buffer, sysMem.byteOffset, SYS_MEM.size);
    this.#views.push(this.#lib.view(view.getBigUint64(SYS_MEM.virAddr, true), size));
  }

  #flush(flag: number): void {
    for (let index = 0; index < this.#views.length; index++) {
      this.#lib.require('hbSysFlushMem', this.#about, this.#sysMem(index), flag);
    }
  }

  #sysMem(index: number): Uint8Array {
    const start = TENSOR.sysMem + index * SYS_MEM.size;
    return this.#tensor.subarray(start, start + SYS_MEM.size);
  }
}
