import { dataView, FLUSH, PROPERTIES, SYS_MEM, TENSOR } from './bpuAbi.js';
import type { LibDnn } from './LibDnn.js';
import { NativeMemory, nativeView } from './NativeMemory.js';

export interface TensorDescription {
  /** The raw hbDNNTensorProperties. */
  readonly properties: Uint8Array;
  /** Bytes of each of its memories: one, or luma and chroma. */
  readonly sizes: readonly number[];
}

/**
 * Contiguous hbDNNTensor structures, as the runtime requires, each with cached memory of the BPU; owned by one worker
 * and freed once.
 */
export class TensorArray {
  readonly #lib: LibDnn;
  readonly #about: string;
  readonly #structures: NativeMemory;
  /** By tensor, then by memory. */
  readonly #views: Uint8Array[][] = [];

  /** @throws EffvitError BPU_FAILED if memory is short; then nothing stays allocated. */
  constructor(lib: LibDnn, descriptions: readonly TensorDescription[], about: string) {
    this.#lib = lib;
    this.#about = about;
    this.#structures = new NativeMemory(Math.max(descriptions.length, 1) * TENSOR.size);
    try {
      for (const [index, { properties, sizes }] of descriptions.entries()) {
        this.structureOf(index).set(properties, TENSOR.properties);
        const views: Uint8Array[] = [];
        this.#views.push(views);
        for (const size of sizes) {
          const sysMem = this.#sysMem(index, views.length);
          lib.require('hbSysAllocCachedMem', about, sysMem, size);
          views.push(nativeView(dataView(sysMem).getBigUint64(SYS_MEM.virAddr, true), size));
        }
      }
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** Address of one tensor's structure, which the next structures follow. */
  addressOf(index: number): bigint {
    return this.#structures.address + BigInt(index * TENSOR.size);
  }

  structureOf(index: number): Uint8Array {
    return this.#structures.bytes.subarray(index * TENSOR.size, (index + 1) * TENSOR.size);
  }

  /** Memory shared by CPU and BPU; it is cached, so see {@link clean} and {@link invalidate}. Empty if there is none. */
  view(index: number, memory: 0 | 1 = 0): Uint8Array {
    return this.#views[index]?.[memory] ?? new Uint8Array(0);
  }

  /** Call this after the CPU wrote. */
  clean(index: number): void {
    this.#flush(index, FLUSH.clean);
  }

  /** Call this before the CPU reads. */
  invalidate(index: number): void {
    this.#flush(index, FLUSH.invalidate);
  }

  /** Multiplies the number of pictures of a tensor, for runtimes that read it from the first dimension. */
  setPictures(index: number, properties: Uint8Array, times: number): void {
    const target = dataView(this.structureOf(index).subarray(TENSOR.properties));
    const source = dataView(properties);
    for (const offset of [PROPERTIES.validShape, PROPERTIES.alignedShape, PROPERTIES.alignedByteSize]) {
      target.setInt32(offset, source.getInt32(offset, true) * times, true);
    }
  }

  /** Frees all memory. Must not be called while a task uses it. @returns the errors; that memory stays lost. */
  free(): Error[] {
    const errors: Error[] = [];
    for (const [index, views] of [...this.#views.entries()].reverse()) {
      for (const memory of views.splice(0).keys()) {
        const code = this.#lib.call('hbSysFreeMem', this.#sysMem(index, memory));
        if (code !== 0) errors.push(this.#lib.error('hbSysFreeMem', code, this.#about));
      }
    }
    this.#structures.free();
    return errors;
  }

  #flush(index: number, flag: number): void {
    const count = this.#views[index]?.length ?? 0;
    for (let memory = 0; memory < count; memory++) {
      this.#lib.require('hbSysFlushMem', this.#about, this.#sysMem(index, memory), flag);
    }
  }

  #sysMem(index: number, memory: number): Uint8Array {
    const start = index * TENSOR.size + TENSOR.sysMem + memory * SYS_MEM.size;
    return this.#structures.bytes.subarray(start, start + SYS_MEM.size);
  }
}
