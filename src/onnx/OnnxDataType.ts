import { EffvitError } from '../core/EffvitError.js';

/**
 * The element types: TensorProto.DataType of the ONNX intermediate representation, bits of one element, and the array
 * that holds them. Types that JavaScript has no array for keep their bit patterns: float16 and bfloat16 in a
 * Uint16Array, 8-bit floats in a Uint8Array, types of 4 and 2 bits packed as raw_data packs them (lowest bits first),
 * complex numbers as pairs.
 */
const TABLE = {
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
export type OnnxDataType = keyof typeof TABLE;

const BY_CODE: ReadonlyMap<number, OnnxDataType> = new Map(
  (Object.keys(TABLE) as OnnxDataType[]).map((name) => [TABLE[name].code, name]),
);

/** The number of a type in the file. */
export function dataTypeCode(dataType: OnnxDataType): number {
  return TABLE[dataType].code;
}

/** Bits of one element; 0 for strings, whose length varies. */
export function bitsPerElement(dataType: OnnxDataType): number {
  return TABLE[dataType].bits;
}

/** The class of the array that holds the elements; strings are a list of byte arrays instead. */
export function arrayOf<T extends OnnxDataType>(dataType: T): (typeof TABLE)[T]['array'] {
  return TABLE[dataType].array;
}

/** @throws EffvitError BAD_MODEL for an unknown number. */
export function dataTypeFromCode(code: number, place: string): OnnxDataType {
  const name = BY_CODE.get(code);
  if (name !== undefined) return name;
  throw new EffvitError(
    'BAD_MODEL',
    `${place} has the unknown ONNX element type ${code}: expected 1 to ${BY_CODE.size}.`,
  );
}
