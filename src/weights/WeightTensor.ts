import { EffvitError } from '../core/EffvitError.js';
import { bfloat16ToFloat32, float16ToFloat32 } from '../core/float16.js';

/** One tensor of a checkpoint, converted to float32. */
export interface WeightTensor {
  /** Empty for a scalar. */
  readonly dims: readonly number[];
  /** Row-major. float16 and bfloat16 are exact; float64 and integers are rounded. */
  readonly data: Float32Array;
  /** Type in the file, as safetensors names it: F32, F16, BF16, I64 ... */
  readonly storedAs: string;
}

/** The content of a file of weights. */
export interface WeightFile {
  readonly format: 'safetensors' | 'pytorch';
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** Free text that the writer added (safetensors `__metadata__`). */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Product of the lengths; 1 for a scalar. */
export function countElements(dims: readonly number[]): number {
  return dims.reduce((product, length) => product * length, 1);
}

/**
 * Element types by safetensors' names: bytes of one element, and the converter from little-endian bytes, the order of
 * every platform of Node, of a buffer of whole elements. Packed types of less than a byte are not supported.
 */
export const ELEMENT_FORMATS: ReadonlyMap<string, ElementFormat> = new Map(
  Object.entries<ElementFormat>({
    F32: { bytes: 4, decode: (buffer) => new Float32Array(buffer) },
    F16: { bytes: 2, decode: (buffer) => float16ToFloat32(new Uint16Array(buffer)) },
    BF16: { bytes: 2, decode: (buffer) => bfloat16ToFloat32(new Uint16Array(buffer)) },
    F64: { bytes: 8, decode: (buffer) => new Float32Array(new Float64Array(buffer)) },
    I64: { bytes: 8, decode: (buffer) => Float32Array.from(new BigInt64Array(buffer), Number) },
    U64: { bytes: 8, decode: (buffer) => Float32Array.from(new BigUint64Array(buffer), Number) },
    I32: { bytes: 4, decode: (buffer) => new Float32Array(new Int32Array(buffer)) },
    U32: { bytes: 4, decode: (buffer) => new Float32Array(new Uint32Array(buffer)) },
    I16: { bytes: 2, decode: (buffer) => new Float32Array(new Int16Array(buffer)) },
    U16: { bytes: 2, decode: (buffer) => new Float32Array(new Uint16Array(buffer)) },
    I8: { bytes: 1, decode: (buffer) => new Float32Array(new Int8Array(buffer)) },
    U8: { bytes: 1, decode: (buffer) => new Float32Array(new Uint8Array(buffer)) },
    BOOL: { bytes: 1, decode: (buffer) => new Float32Array(new Uint8Array(buffer)) },
    F8_E4M3: { bytes: 1 },
    F8_E5M2: { bytes: 1 },
    F8_E8M0: { bytes: 1 },
    C64: { bytes: 8 },
  }),
);

interface ElementFormat {
  readonly bytes: number;
  /** Absent: not supported. */
  readonly decode?: (buffer: ArrayBuffer) => Float32Array;
}

/**
 * Stored elements as float32: exact for F32, F16 and BF16, rounded for wider types.
 *
 * @param bytes An aligned buffer, not a view of a larger one.
 * @param dtype safetensors' spelling.
 * @param label Beginning of error messages, e.g. `model.safetensors: its tensor "x"`.
 * @throws EffvitError UNSUPPORTED for 8-bit floats and complex numbers, BAD_WEIGHTS for a fraction of an element
 */
export function numbersFromBytes(bytes: Uint8Array<ArrayBuffer>, dtype: string, label: string): Float32Array {
  const { bytes: elementBytes = 1, decode } = ELEMENT_FORMATS.get(dtype) ?? {};
  if (decode === undefined) {
    throw new EffvitError('UNSUPPORTED', `${label} is ${dtype}: convert it to F32, F16 or BF16.`);
  }
  if (bytes.length % elementBytes !== 0) {
    throw new EffvitError('BAD_WEIGHTS', `${label} has ${bytes.length} bytes, no whole number of elements.`);
  }
  return decode(bytes.buffer);
}
