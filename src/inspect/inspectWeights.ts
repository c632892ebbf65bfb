import { stat } from 'node:fs/promises';
import { fittingVariant, toTimmNames } from '../efficientvit/checkWeights.js';
import { readSafetensorsHeader } from '../weights/readSafetensors.js';
import { readWeights } from '../weights/readWeights.js';
import { countElements } from '../weights/WeightTensor.js';

export interface WeightFileInfo {
  readonly kind: 'safetensors' | 'pytorch';
  readonly path: string;
  readonly lengthBytes: number;
  readonly tensors: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly dims: readonly number[];
  }[];
  /** Elements by element type. */
  readonly elementsByDtype: Readonly<Record<string, number>>;
  /** Elements of floating-point tensors without running statistics, i.e. trained parameters. */
  readonly parameterCount: number;
  /** The EfficientViT variant that every tensor fits, and its class count; null if there is none. */
  readonly efficientVit: { readonly variant: string; readonly classCount: number } | null;
  readonly metadata: Readonly<Record<string, string>>;
}

type ListedTensor = WeightFileInfo['tensors'][number];

/** Inspects a safetensors file by its header. @throws EffvitError NOT_FOUND, IO_FAILED, BAD_WEIGHTS */
export async function inspectSafetensors(path: string): Promise<WeightFileInfo> {
  const { entries, metadata } = await readSafetensorsHeader(path);
  const tensors = entries.map(({ name, dtype, dims }) => ({ name, dtype, dims }));
  return describe('safetensors', path, tensors, metadata);
}

/** Inspects a PyTorch checkpoint. @throws EffvitError NOT_FOUND, IO_FAILED, BAD_WEIGHTS */
export async function inspectPytorch(path: string): Promise<WeightFileInfo> {
  const { tensors, metadata } = await readWeights(path);
  const listed = Array.from(tensors, ([name, { storedAs, dims }]) => ({ name, dtype: storedAs, dims }));
  return describe('pytorch', path, listed, metadata);
}

async function describe(
  kind: WeightFileInfo['kind'],
  path: string,
  tensors: readonly ListedTensor[],
  metadata: ReadonlyMap<string, string>,
): Promise<WeightFileInfo> {
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
    parameterCount,
    efficientVit: fittingVariant(toTimmNames(new Map(tensors.map(({ name, dims }) => [name, { dims }])))),
    metadata: Object.fromEntries(metadata),
  };
}
