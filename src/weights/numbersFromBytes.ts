import { EffvitError } from '../core/EffvitError.js';
import { bfloat16ToFloat32, float16ToFloat32 } from '../core/float16.js';

/** Converters from little-endian bytes, the order of every platform of Node. `buffer` holds whole elements. */
const DECODERS: Readonly<Record<string, { bytes: number; decode: (buffer: ArrayBuffer) => Float32Array }>> = {
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
};

/**
 * Stored elements as float32: exact for F32, F16 and BF16, rounded for wider types.
 *
 * @param bytes An aligned buffer, not a view of a larger one.
 * @param dtype safetensors' spelling.
 * @param label Beginning of error messages, e.g. `model.safetensors: its tensor "x"`.
 * @throws EffvitError UNSUPPORTED for 8-bit floats and complex numbers, BAD_WEIGHTS for a fraction of an element
 */
export function numbersFromBytes(bytes: Uint8Array<ArrayBuffer>, dtype: string, label: string): Float32Array {
  const decoder = Object.hasOwn(DECODERS, dtype) ? DECODERS[dtype] : undefined;
  if (decoder === undefined) {
    throw new EffvitError('UNSUPPORTED', `${label} is ${dtype}: convert it to F32, F16 or BF16.`);
  }
  if (bytes.length % decoder.bytes !== 0) {
    throw new EffvitError('BAD_WEIGHTS', `${label} has ${bytes.length} bytes, no whole number of elements.`);
  }
  return decoder.decode(bytes.buffer);
}
