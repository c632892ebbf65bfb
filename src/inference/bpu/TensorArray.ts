import { PROPERTIES, TENSOR } from './bpuAbi.js';
import type { LibDnn } from './LibDnn.js';
import { NativeMemory } from './NativeMemory.js';
import { type TensorDescription, TensorMemory } from './TensorMemory.js';

/** Contiguous hbDNNTensor structures, as the runtime requires, each with memory of the BPU. */
export class TensorArray {
  readonly tensors: TensorMemory[] = [];
  readonly #structures: NativeMemory;

  /** @throws EffvitError BPU_FAILED if memory is short; then nothing stays allocated. */
  constructor(lib: LibDnn, descriptions: readonly TensorDescription[], about: string) {
    this.#structures = new NativeMemory(lib, Math.max(descriptions.length, 1) * TENSOR.size);
    try {
      for (const [index, description] of descriptions.entries()) {
        const start = index * TENSOR.size;
        const structure = this.#structures.bytes.subarray(start, start + TENSOR.size);
        this.tensors.push(TensorMemory.allocate(lib, structure, description, about));
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

  /** Multiplies the number of pictures of a tensor, for runtimes that read it from the first dimension. */
  setPictures(index: number, properties: Uint8Array, times: number): void {
    const { bytes } = this.#structures;
    const view = new DataView(bytes.buffer, bytes.byteOffset + index * TENSOR.size + TENSOR.properties);
    const source = new DataView(properties.buffer, properties.byteOffset, properties.byteLength);
    for (const offset of [PROPERTIES.validShape, PROPERTIES.alignedShape, PROPERTIES.alignedByteSize]) {
      view.setInt32(offset, source.getInt32(offset, true) * times, true);
    }
  }

  /** Frees all memory. Must not be called while a task uses it. @returns the errors. */
  free(): Error[] {
    const errors = [...this.tensors].reverse().flatMap((memory) => memory.free());
    this.#structures.free();
    return errors;
  }
}
