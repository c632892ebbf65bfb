import { EffvitError } from '../../src/core/EffvitError.js';
import { float32ToFloat16 } from '../../src/core/float16.js';
import { writeFileAtomic } from '../../src/core/writeFileAtomic.js';
import { countElements } from '../../src/weights/WeightTensor.js';

export interface WriteSafetensorsOptions {
  /** F16 halves the file; values beyond 65504 are refused. Default F32. */
  readonly dtype?: 'F32' | 'F16';
  readonly metadata?: ReadonlyMap<string, string>;
}

/**
 * Writes tensors as a safetensors file, whole or not at all, in the order of the map.
 *
 * @throws EffvitError BAD_WEIGHTS where a tensor does not fit its shape or float16; IO_FAILED
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, { readonly dims: readonly number[]; readonly data: Float32Array }>,
  options: WriteSafetensorsOptions = {},
): Promise<void> {
  const dtype = options.dtype ?? 'F32';
  const header: [string, unknown][] = [];
  if (options.metadata !== undefined) header.push(['__metadata__', Object.fromEntries(options.metadata)]);
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dims, data }] of tensors) {
    if (countElements(dims) !== data.length || name === '__metadata__') {
      throw new EffvitError(
        'BAD_WEIGHTS',
        `Cannot write tensor ${JSON.stringify(name)} of shape [${dims.join(', ')}] with ${data.length} elements.`,
      );
    }
    const stored = dtype === 'F16' ? toFloat16(name, data) : data;
    const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
    header.push([name, { dtype, shape: dims, data_offsets: [offset, offset + bytes.length] }]);
    parts.push(bytes);
    offset += bytes.length;
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  // Spaces behind the JSON align the data to 8 bytes, as the reference writer does.
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(padded);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(padded.length));
  await writeFileAtomic(path, Buffer.concat([prefix, padded, ...parts]));
}

function toFloat16(name: string, data: Float32Array): Uint16Array {
  for (const value of data) {
    if (Math.abs(value) >= 65520) {
      throw new EffvitError(
        'BAD_WEIGHTS',
        `Tensor ${JSON.stringify(name)} holds ${value}, beyond float16: write it as F32.`,
      );
    }
  }
  return float32ToFloat16(data);
}
