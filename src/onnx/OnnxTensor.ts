import { EffvitError } from '../core/EffvitError.js';
import { bfloat16ToFloat32, float16ToFloat32 } from '../core/float16.js';

/**
 * The element types: TensorProto.DataType of the ONNX intermediate representation, bits of one element (0 for strings,
 * whose length varies), and the class of the array that holds them (strings are a list of byte arrays instead). Types that JavaScript has no array for keep their bit patterns: float16 and bfloat16 in a
 * Uint16Array, 8-bit floats in a Uint8Array, types of 4 and 2 bits packed as raw_data packs them (lowest bits first),
 * complex numbers as pairs.
 */
export const ELEMENT_TYPES = {
  float32: { code: 1, bits: 32, array: Float32Array },
  uint8: { code: 2, bits: 8, array: Uint8Array },
  int8: { code: 3, bits: 8, array: Int8Array },
  uint16: { code: 4, bits: 16, array: Uint16Array },
  int16: { code: 5, bits: 16, array: Int16Array },
  int32: { code: 6, bits: 32, array: Int32Array },
  int64: { code: 7, bits: 64, array: BigInt64Array },
  string: { code: 8, bits: 0, array: Uint8Array },
  bool: { code: 9, bits: 8, array: Uint8Array },
  float16: { code: 10, bits: 16, array: Uint16Array },
  float64: { code: 11, bits: 64, array: Float64Array },
  uint32: { code: 12, bits: 32, array: Uint32Array },
  uint64: { code: 13, bits: 64, array: BigUint64Array },
  complex64: { code: 14, bits: 64, array: Float32Array },
  complex128: { code: 15, bits: 128, array: Float64Array },
  bfloat16: { code: 16, bits: 16, array: Uint16Array },
  float8e4m3fn: { code: 17, bits: 8, array: Uint8Array },
  float8e4m3fnuz: { code: 18, bits: 8, array: Uint8Array },
  float8e5m2: { code: 19, bits: 8, array: Uint8Array },
  float8e5m2fnuz: { code: 20, bits: 8, array: Uint8Array },
  uint4: { code: 21, bits: 4, array: Uint8Array },
  int4: { code: 22, bits: 4, array: Uint8Array },
  float4e2m1: { code: 23, bits: 4, array: Uint8Array },
  float8e8m0: { code: 24, bits: 8, array: Uint8Array },
  uint2: { code: 25, bits: 2, array: Uint8Array },
  int2: { code: 26, bits: 2, array: Uint8Array },
} as const;

/** Element types of ONNX tensors by their usual names (`float32` is ONNX's FLOAT, `float64` its DOUBLE). */
export type OnnxDataType = keyof typeof ELEMENT_TYPES;

/** Elements of a tensor; {@link ELEMENT_TYPES} says which array belongs to which type. */
export type OnnxTensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | readonly Uint8Array[];

/** A dense constant. `dims` is empty for a scalar; `data` is row-major. */
export interface OnnxTensor {
  readonly dataType: OnnxDataType;
  readonly dims: readonly number[];
  readonly data: OnnxTensorData;
}

const NAMES = Object.keys(ELEMENT_TYPES) as OnnxDataType[];

/** The type with this number in the file. @throws EffvitError BAD_MODEL for an unknown number. */
export function dataTypeFromCode(code: number, place: string): OnnxDataType {
  const name = NAMES[code - 1];
  if (name !== undefined) return name;
  throw new EffvitError(
    'BAD_MODEL',
    `${place} has the unknown ONNX element type ${code}: expected 1 to ${NAMES.length}.`,
  );
}

/**
 * Product of the lengths; 1 for a scalar.
 *
 * @throws EffvitError BAD_MODEL for a negative length or a product beyond 2^53
 */
export function elementCount(dims: readonly number[], place: string): number {
  const hasZero = dims.includes(0);
  let count = 1;
  for (const length of dims) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new EffvitError('BAD_MODEL', `${place} has the impossible shape [${dims.join(', ')}].`);
    }
    count *= length;
    if (!hasZero && !Number.isSafeInteger(count)) {
      throw new EffvitError('BAD_MODEL', `${place} has too many elements: shape [${dims.join(', ')}].`);
    }
  }
  return hasZero ? 0 : count;
}

/** Bytes that raw_data takes for this many elements (types below a byte are packed). */
export function rawByteLength(dataType: OnnxDataType, elements: number): number {
  // Whole bytes first: the bit count of a huge (hostile) tensor would exceed 2^53.
  const { bits } = ELEMENT_TYPES[dataType];
  return bits >= 8 ? elements * (bits / 8) : Math.ceil(elements / (8 / bits));
}

/**
 * Little-endian bytes as the array of their type; copied, so that it is aligned and does not retain the
 * file. Every platform that Node and ONNX Runtime run on is little-endian.
 */
export function dataFromRaw(dataType: OnnxDataType, raw: Uint8Array): OnnxTensorData {
  return new ELEMENT_TYPES[dataType].array(new Uint8Array(raw).buffer);
}

export function float32Tensor(dims: readonly number[], data: Float32Array): OnnxTensor {
  return { dataType: 'float32', dims, data };
}

/** A one-dimensional int64 tensor: shapes, axes, starts, ends. */
export function int64Vector(values: readonly number[]): OnnxTensor {
  return { dataType: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}

/** A scalar (rank 0) of one of the types that quantisation uses. */
export function scalarTensor(dataType: 'float32' | 'int8' | 'uint8' | 'int16', value: number): OnnxTensor {
  return { dataType, dims: [], data: ELEMENT_TYPES[dataType].array.of(value) };
}

/**
 * The elements as float32: float32 as it is (not copied), float16 and bfloat16 exactly, every other
 * number rounded.
 *
 * @throws EffvitError UNSUPPORTED for strings, complex numbers, 8-bit floats and packed types
 */
export function tensorToFloat32(tensor: OnnxTensor): Float32Array {
  const { data, dataType } = tensor;
  if (data instanceof Float32Array && dataType === 'float32') return data;
  if (data instanceof Uint16Array && dataType === 'float16') return float16ToFloat32(data);
  if (data instanceof Uint16Array && dataType === 'bfloat16') return bfloat16ToFloat32(data);
  return Float32Array.from(tensorToNumbers(tensor));
}

/** The elements as numbers, e.g. of a shape; int64 beyond 2^53 loses exactness. @throws as {@link tensorToFloat32} */
export function tensorToNumbers({ data, dataType }: OnnxTensor): number[] {
  if (data instanceof Uint16Array && dataType === 'float16') return Array.from(float16ToFloat32(data));
  if (data instanceof Uint16Array && dataType === 'bfloat16') return Array.from(bfloat16ToFloat32(data));
  if (/^(?:u?int(?:8|16|32|64)|float(?:32|64)|bool)$/.test(dataType)) {
    return Array.from(data as Iterable<number | bigint>, Number);
  }
  throw new EffvitError('UNSUPPORTED', `Cannot read the elements of a ${dataType} tensor as numbers.`);
}
