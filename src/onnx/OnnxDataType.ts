import { EffvitError } from '../core/EffvitError.js';

/**
 * The array types that hold the elements of a tensor. Types that JavaScript has no array for keep their
 * bit patterns: float16 and bfloat16 in a Uint16Array, 8-bit floats in a Uint8Array, types of 4 and 2 bits
 * packed as raw_data packs them (lowest bits first), complex numbers as pairs.
 */
interface DataTypeRow {
  /** TensorProto.DataType of the ONNX intermediate representation. */
  readonly code: number;
  readonly bitsPerElement: number;
}

const TABLE = {
  float32: { code: 1, bitsPerElement: 32 },
  uint8: { code: 2, bitsPerElement: 8 },
  int8: { code: 3, bitsPerElement: 8 },
  uint16: { code: 4, bitsPerElement: 16 },
  int16: { code: 5, bitsPerElement: 16 },
  int32: { code: 6, bitsPerElement: 32 },
  int64: { code: 7, bitsPerElement: 64 },
  string: { code: 8, bitsPerElement: 0 },
  bool: { code: 9, bitsPerElement: 8 },
  float16: { code: 10, bitsPerElement: 16 },
  float64: { code: 11, bitsPerElement: 64 },
  uint32: { code: 12, bitsPerElement: 32 },
  uint64: { code: 13, bitsPerElement: 64 },
  complex64: { code: 14, bitsPerElement: 64 },
  complex128: { code: 15, bitsPerElement: 128 },
  bfloat16: { code: 16, bitsPerElement: 16 },
  float8e4m3fn: { code: 17, bitsPerElement: 8 },
  float8e4m3fnuz: { code: 18, bitsPerElement: 8 },
  float8e5m2: { code: 19, bitsPerElement: 8 },
  float8e5m2fnuz: { code: 20, bitsPerElement: 8 },
  uint4: { code: 21, bitsPerElement: 4 },
  int4: { code: 22, bitsPerElement: 4 },
  float4e2m1: { code: 23, bitsPerElement: 4 },
  float8e8m0: { code: 24, bitsPerElement: 8 },
  uint2: { code: 25, bitsPerElement: 2 },
  int2: { code: 26, bitsPerElement: 2 },
} as const satisfies Record<string, DataTypeRow>;

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
  return TABLE[dataType].bitsPerElement;
}

/** @throws EffvitError BAD_MODEL for an unknown number. */
export function dataTypeFromCode(code: number, place: string): OnnxDataType {
  const name = BY_CODE.get(code);
  if (name === undefined) {
    throw new EffvitError(
      'BAD_MODEL',
      `${place} has the unknown ONNX element type ${code}: expected 1 to ${BY_CODE.size}.`,
    );
  }
  return name;
}
