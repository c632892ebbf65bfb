import type { OnnxModel } from '../onnx/OnnxModel.js';
import { OrtRunner, type RunnerOptions } from './OrtRunner.js';

/** Opens a runner for each model, and disposes of all after `use`. @throws EffvitError BAD_MODEL, or as `use` */
export async function withRunners<T>(
  models: readonly (OnnxModel | { readonly model: OnnxModel; readonly options: RunnerOptions })[],
  use: (runners: readonly OrtRunner[]) => Promise<T>,
): Promise<T> {
  const runners: OrtRunner[] = [];
  try {
    for (const one of models) {
      runners.push(await ('model' in one ? OrtRunner.create(one.model, one.options) : OrtRunner.create(one)));
    }
    return await use(runners);
  } finally {
    for (const runner of runners) await runner.dispose();
  }
}
