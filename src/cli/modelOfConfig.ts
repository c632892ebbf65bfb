import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { MakertbinFile } from '../quantize/readMakertbinConfig.js';

/**
 * The yaml's `onnx_model`, relative to the yaml's folder as in hb_mapper; if that file is missing, the model of that
 * name.
 */
export function modelOfConfig({ config, file }: MakertbinFile): string {
  const path = resolve(dirname(file), config.model_parameters.onnx_model);
  return existsSync(path) ? path : basename(path, '.onnx');
}
