import { EffvitError } from '../../core/EffvitError.js';
import type { BpuBackendSpec } from '../BackendSpec.js';
import { unusable } from './bpuErrors.js';
import { CompiledModel } from './CompiledModel.js';
import type { LibDnn } from './LibDnn.js';

/**
 * Opens the models of a .bin file that a worker uses: one, or the same network at several batch sizes.
 *
 * @param packed the file's handle.
 * @returns models in ascending order of batch; each holds memory of the BPU.
 * @throws EffvitError BAD_MODEL if a model is missing or unsuitable, or if they differ; BPU_FAILED. Then nothing stays
 *   allocated.
 */
export function openModels(lib: LibDnn, packed: bigint, spec: BpuBackendSpec): CompiledModel[] {
  const { modelPath } = spec;
  const models: CompiledModel[] = [];
  try {
    for (const { name, batch } of chosenModels(lib.modelNames(packed, modelPath), spec)) {
      const about = spec.models === undefined ? modelPath : `${modelPath}, model ${name}`;
      const model = new CompiledModel(lib, lib.modelHandle(packed, name, modelPath), spec, about);
      models.push(model);
      if (batch !== undefined && model.batch !== batch) {
        throw unusable(about, `it takes ${model.batch} pictures a task, not the ${batch} of its manifest`);
      }
    }
    models.sort((a, b) => a.batch - b.batch);
    checkAgreement(models, modelPath);
    return models;
  } catch (error) {
    for (const model of models) model.free();
    throw error;
  }
}

/** The name inside the file may differ from the file's name, so it is taken from the file's list. */
function chosenModels(
  names: readonly string[],
  { modelPath, models }: BpuBackendSpec,
): readonly { readonly name: string; readonly batch?: number }[] {
  const wanted = models ?? (names.length === 1 ? names.map((name) => ({ name })) : []);
  const missing = wanted.find(({ name }) => !names.includes(name));
  if (wanted.length > 0 && missing === undefined) return wanted;
  const named = missing === undefined ? '' : ` named ${missing.name}`;
  throw new EffvitError(
    'BAD_MODEL',
    `Expected one model${named} in ${modelPath} but it holds ${names.join(', ') || 'none'}: name those to use, with their batches, under models in its manifest.`,
    { context: { file: modelPath } },
  );
}

/** The properties in which all models of a file must agree, as text. */
const AGREEMENT: readonly ((model: CompiledModel) => string)[] = [
  ({ classCount }) => `${classCount} classes`,
  ({ isResizer }) => `input source ${isResizer ? 'resizer' : 'pyramid'}`,
  ({ layout }) => `rows of ${layout.strideBytes} bytes in ${layout.tensor.sizes.join(' and ')} bytes`,
];

/** @param models ascending by batch. @throws EffvitError BAD_MODEL */
function checkAgreement([first, ...others]: readonly CompiledModel[], about: string): void {
  if (first === undefined) return;
  let previous = first;
  for (const model of others) {
    if (previous.batch === model.batch) {
      throw unusable(about, `two of its models take ${model.batch} pictures a task`);
    }
    previous = model;
    const property = AGREEMENT.find((textOf) => textOf(model) !== textOf(first));
    if (property === undefined) continue;
    const places = [first, model].map((one) => `${property(one)} at batch ${one.batch}`);
    throw unusable(about, `its models do not agree: ${places.join(', ')}`);
  }
}
