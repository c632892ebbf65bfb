import { EffvitError } from '../../core/EffvitError.js';
import { TENSOR_TYPE } from './bpuAbi.js';
import type { LibDnn } from './LibDnn.js';
import { TensorMemory } from './TensorMemory.js';
import { parseTensorProperties, pictureSize } from './TensorProperties.js';

/** The picture that a compiled model takes: its NV12 lies in the BPU's own memory, packed or as two planes. */
export class Nv12Input {
  readonly memory: TensorMemory;
  readonly #widthPx: number;
  readonly #heightPx: number;
  readonly #strideBytes: number;

  /**
   * @param properties the raw structure of the model's only input.
   * @throws EffvitError BAD_MODEL where it takes no NV12 of the wanted size, BPU_FAILED where there is no memory.
   */
  constructor(
    lib: LibDnn,
    properties: Uint8Array,
    wanted: { readonly widthPx: number; readonly heightPx: number },
    about: string,
  ) {
    const parsed = parseTensorProperties(properties);
    const { tensorType, tensorLayout, validShape, alignedShape, alignedByteSize } = parsed;
    const isSeparate = tensorType === TENSOR_TYPE.nv12Separate;
    if (tensorType !== TENSOR_TYPE.nv12 && !isSeparate) {
      throw bad(
        about,
        `it takes data of type ${tensorType}, not NV12: compile it with input_type_rt nv12 (\`effvit quantize\`)`,
      );
    }
    const { widthPx, heightPx } = pictureSize(validShape, tensorLayout);
    if (widthPx !== wanted.widthPx || heightPx !== wanted.heightPx) {
      throw bad(
        about,
        `it takes ${widthPx}x${heightPx}, not the ${wanted.widthPx}x${wanted.heightPx} of its manifest`,
      );
    }
    const strideBytes = Math.max(pictureSize(alignedShape, tensorLayout).widthPx, widthPx);
    const lumaBytes = strideBytes * heightPx;
    const sizes = isSeparate ? [lumaBytes, lumaBytes / 2] : [Math.max(alignedByteSize, 0)];
    if (!isSeparate && alignedByteSize < (lumaBytes * 3) / 2) {
      throw bad(
        about,
        `its input has ${alignedByteSize} bytes where ${heightPx} rows of ${strideBytes} bytes need ${(lumaBytes * 3) / 2}`,
      );
    }
    this.#widthPx = widthPx;
    this.#heightPx = heightPx;
    this.#strideBytes = strideBytes;
    this.memory = TensorMemory.allocate(lib, properties, sizes, about);
    if (strideBytes > widthPx) {
      for (const index of sizes.keys()) this.memory.view(index).fill(0);
    }
  }

  /** Copies a tightly packed NV12 frame, row by row where the BPU's rows are longer, and makes it visible to the BPU. */
  write(nv12: Uint8Array): void {
    const widthPx = this.#widthPx;
    const lumaBytes = widthPx * this.#heightPx;
    if (nv12.length !== (lumaBytes * 3) / 2) {
      throw new EffvitError(
        'INFERENCE_FAILED',
        `Expected ${(lumaBytes * 3) / 2} bytes of NV12 but received ${nv12.length}; this is a defect of effvit.`,
      );
    }
    const first = this.memory.view(0);
    const second = this.memory.view(1);
    if (second.length > 0) {
      this.#copyRows(nv12.subarray(0, lumaBytes), first);
      this.#copyRows(nv12.subarray(lumaBytes), second);
    } else {
      // The chroma rows follow the luma rows at the same stride.
      this.#copyRows(nv12, first);
    }
    this.memory.clean();
  }

  #copyRows(rows: Uint8Array, into: Uint8Array): void {
    const widthPx = this.#widthPx;
    if (this.#strideBytes === widthPx) {
      into.set(rows);
      return;
    }
    for (let from = 0, to = 0; from < rows.length; from += widthPx, to += this.#strideBytes) {
      into.set(rows.subarray(from, from + widthPx), to);
    }
  }
}

function bad(about: string, what: string): EffvitError {
  return new EffvitError('BAD_MODEL', `${about} cannot be used: ${what}.`);
}
