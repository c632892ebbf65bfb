import load, { type WasmLz4 } from '@foxglove/wasm-lz4/dist/wasm-lz4.js';
import { EffvitError } from '../../core/EffvitError.js';

interface Decoder {
  readonly module: WasmLz4;
  readonly context: number;
}

let decoder: Promise<Decoder> | undefined;

/**
 * Decompresses one LZ4 frame.
 *
 * The package's own function keeps its context after an error and cannot reset it, so that one bad chunk makes every
 * later one fail. Therefore a module is replaced by a new one after an error.
 *
 * @param mostBytes Output limit; the frame may hold less.
 * @throws EffvitError BAD_BAG: corrupted, or larger than the limit
 */
export async function decompressLz4Frame(frame: Uint8Array, mostBytes: number): Promise<Uint8Array> {
  decoder ??= load().then((module) => ({ module, context: module._createDecompressionContext() }));
  const { module, context } = await decoder;
  const from = module._malloc(frame.byteLength);
  const to = module._malloc(Math.max(mostBytes, 1));
  try {
    if (from === 0 || to === 0)
      throw new EffvitError('BAD_BAG', `No memory for ${mostBytes} bytes of LZ4 data.`);
    module.HEAPU8.set(frame, from);
    const sizeBytes = module._decompressFrame(context, to, mostBytes, from, frame.byteLength);
    if (sizeBytes < 0 || sizeBytes > mostBytes) throw new EffvitError('BAD_BAG', 'LZ4 data is corrupted.');
    return module.HEAPU8.slice(to, to + sizeBytes);
  } catch (error) {
    decoder = undefined;
    throw error;
  } finally {
    module._free(from);
    module._free(to);
  }
}
