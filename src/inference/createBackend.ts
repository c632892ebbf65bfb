import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { BackendSpec, ModuleBackendSpec, OnnxBackendSpec } from './BackendSpec.js';
import type { InferenceBackend } from './InferenceBackend.js';

/**
 * Creates the backend that `spec` describes, without loading the model. Implementations are imported on demand, so
 * that a machine without libdnn.so or without ONNX Runtime's native part can use the others.
 *
 * To add a backend, see docs/maintainer/architecture.md.
 */
export async function createBackend(spec: BackendSpec): Promise<InferenceBackend> {
  switch (spec.kind) {
    case 'onnx': {
      const { OnnxBackend } = await import('./onnx/OnnxBackend.js');
      return new OnnxBackend(spec);
    }
    case 'bpu': {
      const { BpuBackend } = await import('./bpu/BpuBackend.js');
      return new BpuBackend(spec);
    }
    case 'bpu_sim': {
      const { SimulatedBpu } = await import('./simulated/SimulatedBpu.js');
      return new SimulatedBpu(spec);
    }
    case 'module':
      return await createFromModule(spec);
  }
}

/**
 * Does work that is needed once for all workers of a pool. Runs on the first worker thread, before it loads the model.
 *
 * @returns the spec that the workers load: `spec`, or one that loads faster.
 */
export async function prepareBackend(spec: BackendSpec): Promise<BackendSpec> {
  if (spec.kind === 'bpu_sim' && spec.results.kind === 'onnx') {
    return { ...spec, results: { kind: 'onnx', spec: await prepareOnnx(spec.results.spec) } };
  }
  return spec.kind === 'onnx' ? await prepareOnnx(spec) : spec;
}

async function prepareOnnx(spec: OnnxBackendSpec): Promise<OnnxBackendSpec> {
  if (spec.optimizedPath !== undefined) return spec;
  const { optimizedModel } = await import('./onnx/optimizedModel.js');
  const { mostFrames = 1 } = spec;
  const optimizedPath = await optimizedModel(spec.modelPath, mostFrames > 1);
  const prepared = optimizedPath === undefined ? spec : { ...spec, optimizedPath };
  if (mostFrames > 1) {
    const { checkBatches } = await import('./onnx/checkBatches.js');
    await checkBatches(prepared, await prepareOnnx({ ...spec, mostFrames: 1 }));
  }
  return prepared;
}

async function createFromModule(spec: ModuleBackendSpec): Promise<InferenceBackend> {
  let module: { createBackend?: unknown };
  try {
    module = await import(spec.moduleUrl);
  } catch (error) {
    throw asEffvitError(error, 'BAD_MODEL', `Cannot import the backend ${spec.moduleUrl}`, {
      url: spec.moduleUrl,
    });
  }
  if (typeof module.createBackend !== 'function') {
    throw new EffvitError(
      'BAD_MODEL',
      `Expected ${spec.moduleUrl} to export a function createBackend but received ${typeof module.createBackend}.`,
      { context: { url: spec.moduleUrl } },
    );
  }
  return await module.createBackend(spec.options);
}
