import { extname } from 'node:path';
import { openBatch } from '../../onnx/openBatch.js';
import { readOnnx } from '../../onnx/readOnnx.js';
import { serializeOnnx } from '../../onnx/serializeOnnx.js';

/**
 * A model that takes any number of pictures per run: the content of an .onnx file with its batch opened, or the path of
 * an .ort file, which cannot be changed.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_MODEL
 */
export async function openedModel(modelPath: string): Promise<string | Uint8Array> {
  if (extname(modelPath).toLowerCase() === '.ort') return modelPath;
  return serializeOnnx(openBatch(await readOnnx(modelPath)));
}
