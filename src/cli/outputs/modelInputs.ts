import { AUTO_MODELS } from '../../classify/loadModel.js';
import type { ModelManifest } from '../../model/ModelManifest.js';
import { modelFiles } from '../../model/modelFiles.js';
import { resolveModel } from '../../model/resolveModel.js';

/** The files that a command reads for the model of its option --model, for {@link checkOutputs}. */
export async function modelInputs(model: string): Promise<string[]> {
  const names = model === 'auto' ? AUTO_MODELS : [model];
  const paths: string[] = [];
  for (const name of names) paths.push(...(await manifestInputs(await resolveModel(name))));
  return paths;
}

/** The files of one model, present or not, and its folder. */
export async function manifestInputs(manifest: ModelManifest): Promise<string[]> {
  const files = (await modelFiles(manifest)).map(({ path }) => path);
  return manifest.folderPath === undefined ? files : [manifest.folderPath, ...files];
}
