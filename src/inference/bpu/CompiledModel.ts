import type { BpuBackendSpec } from '../BackendSpec.js';
import { MOST_REGIONS } from '../PictureResizer.js';
import { INPUT_SOURCE_RESIZER } from './bpuAbi.js';
import { unusable } from './bpuErrors.js';
import type { LibDnn } from './LibDnn.js';
import { OutputReader } from './OutputReader.js';
import { type PictureLayout, pictureLayout } from './PictureLayout.js';
import { TensorArray } from './TensorArray.js';
import { parseTensorProperties } from './TensorProperties.js';

/** One model of a .bin file, for tasks of `layout.batch` pictures, with the memory of its outputs. */
export class CompiledModel {
  readonly handle: bigint;
  readonly layout: PictureLayout;
  readonly isResizer: boolean;
  readonly batch: number;
  readonly classCount: number;
  readonly #reader: OutputReader;
  readonly #outputs: TensorArray;
  readonly #outputIndex: number;
  /** Raw output properties from the runtime, for a task of one batch. */
  readonly #outputProperties: readonly Uint8Array[];

  /** @throws EffvitError BAD_MODEL if it is not a classifier of NV12 pictures as `wanted` describes, BPU_FAILED. */
  constructor(lib: LibDnn, handle: bigint, wanted: BpuBackendSpec, about: string) {
    this.handle = handle;
    const inputCount = lib.count('hbDNNGetInputCount', handle, about);
    if (inputCount !== 1) throw unusable(about, `it takes ${inputCount} inputs, not one NV12 picture`);
    const input = lib.properties('hbDNNGetInputTensorProperties', handle, 0, about);
    this.isResizer = isResizer(lib, handle, wanted.isResizer, about);
    this.layout = pictureLayout(input, { ...wanted, isResizer: this.isResizer }, about);
    const outputCount = lib.count('hbDNNGetOutputCount', handle, about);
    this.#outputIndex = chosenOutput(lib, handle, outputCount, wanted.outputName, about);
    const outputs = Array.from({ length: Math.max(outputCount, 0) }, (_, index) => {
      const properties = lib.properties('hbDNNGetOutputTensorProperties', handle, index, about);
      return { properties, parsed: parseTensorProperties(properties) };
    });
    const chosen = outputs[this.#outputIndex];
    if (chosen === undefined) throw unusable(about, 'it has no output');
    this.batch = this.layout.batch;
    this.#reader = new OutputReader(chosen.parsed, this.batch, about);
    this.classCount = this.#reader.classCount;
    if (wanted.classCount !== undefined && wanted.classCount !== this.classCount) {
      throw unusable(
        about,
        `it gives ${this.classCount} classes, not the ${wanted.classCount} of its manifest`,
      );
    }
    this.#outputProperties = outputs.map(({ properties }) => properties);
    const times = this.#timesFor(this.isResizer ? MOST_REGIONS : this.batch);
    const described = outputs.map(({ properties, parsed }) => {
      return { properties, sizes: [parsed.alignedByteSize * times] };
    });
    this.#outputs = new TensorArray(lib, described, about);
  }

  /** The outputs of a task; only a model that crops and scales may have more pictures than a batch. */
  outputsFor(pictures: number): bigint {
    if (this.isResizer) {
      for (const [index, properties] of this.#outputProperties.entries()) {
        this.#outputs.setPictures(index, properties, this.#timesFor(pictures));
      }
    }
    return this.#outputs.addressOf(0);
  }

  /** Number of device runs for this number of pictures. */
  #timesFor(pictures: number): number {
    return Math.ceil(pictures / this.batch);
  }

  /** Reads the scores of the first pictures; call it after a task. */
  read(into: readonly Float32Array[]): void {
    for (const index of this.#outputProperties.keys()) this.#outputs.invalidate(index);
    const output = this.#outputs.view(this.#outputIndex);
    for (const [index, logits] of into.entries()) this.#reader.read(output, index, logits);
  }

  /** Must not be called while a task uses the model. @returns the errors. */
  free(): Error[] {
    return this.#outputs.free();
  }
}

/** @throws EffvitError BAD_MODEL if manifest and file disagree. */
function isResizer(lib: LibDnn, handle: bigint, stated: boolean | undefined, about: string): boolean {
  const source = lib.inputSource(handle);
  const found = source === undefined ? undefined : source === INPUT_SOURCE_RESIZER;
  if (stated !== undefined && found !== undefined && stated !== found) {
    const [is, not] = found ? ['resizer', 'pyramid'] : ['pyramid', 'resizer'];
    throw unusable(about, `its input source is ${is}, and its manifest says ${not}`);
  }
  return stated ?? found ?? false;
}

function chosenOutput(
  lib: LibDnn,
  handle: bigint,
  count: number,
  outputName: string | undefined,
  about: string,
): number {
  // The compiler may have renamed the output of a model that has only one.
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
