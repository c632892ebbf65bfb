import type { LibDnn } from './LibDnn.js';
import { OutputReader } from './OutputReader.js';
import { type PictureLayout, pictureLayout, unusable } from './PictureLayout.js';
import { TensorArray } from './TensorArray.js';
import { parseTensorProperties } from './TensorProperties.js';

export interface WantedModel {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly outputName?: string;
  readonly classCount?: number;
}

/** One model of a .bin, for tasks of `layout.batch` pictures, with the memory of its outputs. */
export class CompiledModel {
  readonly handle: bigint;
  readonly layout: PictureLayout;
  readonly #reader: OutputReader;
  readonly #outputs: TensorArray;
  readonly #outputIndex: number;

  /** @throws EffvitError BAD_MODEL where it is no classifier of NV12 pictures as wanted, BPU_FAILED. */
  constructor(lib: LibDnn, handle: bigint, wanted: WantedModel, about: string) {
    this.handle = handle;
    const inputCount = lib.count('hbDNNGetInputCount', handle, about);
    if (inputCount !== 1) throw unusable(about, `it takes ${inputCount} inputs, not one NV12 picture`);
    const input = lib.properties('hbDNNGetInputTensorProperties', handle, 0, about);
    this.layout = pictureLayout(input, wanted, about);
    const outputCount = lib.count('hbDNNGetOutputCount', handle, about);
    this.#outputIndex = chosenOutput(lib, handle, outputCount, wanted.outputName, about);
    const outputs = Array.from({ length: Math.max(outputCount, 0) }, (_, index) => {
      const properties = lib.properties('hbDNNGetOutputTensorProperties', handle, index, about);
      return { properties, parsed: parseTensorProperties(properties) };
    });
    const chosen = outputs[this.#outputIndex];
    if (chosen === undefined) throw unusable(about, 'it has no output');
    this.#reader = new OutputReader(chosen.parsed, this.layout.batch, about, (address, bytes) =>
      lib.copyOf(address, bytes),
    );
    if (wanted.classCount !== undefined && wanted.classCount !== this.classCount) {
      throw unusable(
        about,
        `it gives ${this.classCount} classes, not the ${wanted.classCount} of its manifest`,
      );
    }
    this.#outputs = new TensorArray(
      lib,
      outputs.map(({ properties, parsed }) => ({ properties, sizes: [parsed.alignedByteSize] })),
      about,
    );
  }

  get batch(): number {
    return this.layout.batch;
  }

  get classCount(): number {
    return this.#reader.classCount;
  }

  get outputsAddress(): bigint {
    return this.#outputs.addressOf(0);
  }

  /** After a task: the scores of its first pictures. */
  read(into: readonly Float32Array[]): void {
    for (const memory of this.#outputs.tensors) memory.invalidate();
    const output = this.#outputs.tensors[this.#outputIndex]?.view(0) ?? new Uint8Array(0);
    for (const [index, logits] of into.entries()) this.#reader.read(output, index, logits);
  }

  /** Only when no task uses it. @returns what went wrong. */
  free(): Error[] {
    return this.#outputs.free();
  }
}

function chosenOutput(
  lib: LibDnn,
  handle: bigint,
  count: number,
  outputName: string | undefined,
  about: string,
): number {
  // A compiled model with one output may have renamed it.
  if (count === 1) return 0;
  const names = Array.from({ length: Math.max(count, 0) }, (_, index) =>
    lib.outputName(handle, index, about),
  );
  const chosen = outputName === undefined ? -1 : names.indexOf(outputName);
  if (chosen < 0) {
    throw unusable(
      about,
      `it has ${count} outputs (${names.join(', ')}), so name the one to use in its manifest`,
    );
  }
  return chosen;
}
