import { basename, dirname, join } from 'node:path';
import { EffvitError } from '../core/EffvitError.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import type { ExternalDataSink } from './encodeTensor.js';
import type { OnnxModel } from './OnnxModel.js';
import { serializeOnnx } from './serializeOnnx.js';

export interface WriteOnnxOptions {
  /** Writes large constants into a second file; required from 2 GiB on. */
  readonly externalData?: {
    /** A plain file name; default `<model file>.data`. */
    readonly fileName?: string;
    /** Constants of at least this many bytes go there; default 1024. */
    readonly thresholdBytes?: number;
  };
}

/** So that a runtime can map each constant into memory (what onnx's own documentation advises). */
const ALIGNMENT_BYTES = 4096;

/**
 * Writes the model, whole or not at all. External data is in place before the model
 * that refers to it.
 *
 * @throws EffvitError BAD_MODEL, BAD_ARGUMENT, IO_FAILED
 */
export async function writeOnnx(
  path: string,
  model: OnnxModel,
  options: WriteOnnxOptions = {},
): Promise<void> {
  const external = options.externalData;
  if (external === undefined) {
    await writeFileAtomic(path, serializeOnnx(model));
    return;
  }
  const fileName = external.fileName ?? `${basename(path)}.data`;
  if (
    fileName !== basename(fileName) ||
    fileName === '' ||
    fileName === '..' ||
    fileName === basename(path)
  ) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `Expected a plain file name for the external data but received ${JSON.stringify(fileName)}.`,
    );
  }
  const thresholdBytes = external.thresholdBytes ?? 1024;
  const parts: Uint8Array[] = [];
  let length = 0;
  const sink: ExternalDataSink = (bytes) => {
    if (bytes.length < thresholdBytes) return null;
    const padding = (ALIGNMENT_BYTES - (length % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES;
    parts.push(new Uint8Array(padding), bytes);
    const offsetBytes = length + padding;
    length = offsetBytes + bytes.length;
    return { location: fileName, offsetBytes };
  };
  const content = serializeOnnx(model, sink);
  await writeFileAtomic(join(dirname(path), fileName), Buffer.concat(parts, length));
  await writeFileAtomic(path, content);
}
