import { EffvitError } from '../core/EffvitError.js';
import { bfloat16ToFloat32, float16ToFloat32 } from '../core/float16.js';
import { arrayOf, bitsPerElement, type OnnxDataType } from './OnnxDataType.js';
import type { OnnxTensor, OnnxTensorData } from './OnnxModel.js';

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
  const bits = bitsPerElement(dataType);
  return bits >= 8 ? elements * (bits / 8) : Math.ceil(elements / (8 / bits));
}

/**
 * Little-endian bytes as the array of their type; copied, so that it is aligned and does not retain the
 * file. Every platform that Node and ONNX Runtime run on is little-endian.
 */
export function dataFromRaw(dataType: OnnxDataType, raw: Uint8Array): OnnxTensorData {
  return new (arrayOf(dataType))(new Uint8Array(raw).buffer);
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
  return { dataType, dims: [], data: arrayOf(dataType).of(value) };
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
