import { stat } from 'node:fs/promises';
import { fittingVariant, toTimmNames } from '../efficientvit/checkWeights.js';
import { readSafetensorsHeader } from '../weights/readSafetensors.js';
import { readWeights } from '../weights/readWeights.js';
import { countElements } from '../weights/WeightTensor.js';

export type WeightFileInfo = Awaited<ReturnType<typeof inspectWeights>>;

/**
 * Inspects a file of weights, safetensors by its header.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_WEIGHTS
 */
export async function inspectWeights(kind: 'safetensors' | 'pytorch', path: string) {
  const file = kind === 'safetensors' ? await readSafetensorsHeader(path) : await readWeights(path);
  const tensors =
    'entries' in file
      ? file.entries.map(({ name, dtype, dims }) => ({ name, dtype, dims }))
      : Array.from(file.tensors, ([name, { storedAs, dims }]) => ({ name, dtype: storedAs, dims }));
  const elementsByDtype: Record<string, number> = {};
  let parameterCount = 0;
  for (const { name, dtype, dims } of tensors) {
    const count = countElements(dims);
    elementsByDtype[dtype] = (elementsByDtype[dtype] ?? 0) + count;
    if (/^(F|BF)\d/.test(dtype) && !/\.running_(mean|var)$/.test(name)) parameterCount += count;
  }
  return {
    kind,
    path,
    lengthBytes: (await stat(path)).size,
    tensors,
    elementsByDtype,
    /** Elements of floating-point tensors without running statistics, i.e. trained parameters. */
    parameterCount,
    /** The EfficientViT variant that every tensor fits, and its class count; null if there is none. */
    efficientVit: fittingVariant(toTimmNames(new Map(tensors.map(({ name, dims }) => [name, { dims }])))),
    metadata: Object.fromEntries(file.metadata),
  };
}
