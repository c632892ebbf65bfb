import { AUTO_MODELS } from '../../classify/loadModel.js';
import { int8NameOf } from '../../model/defaultManifest.js';
import type { ModelManifest } from '../../model/ModelManifest.js';
import { modelFiles } from '../../model/modelFiles.js';
import { knownModelNames, resolveModel } from '../../model/resolveModel.js';

/** The files that a command reads for the model of its option --model, for checkOutputs. */
export async function modelInputs(model: string): Promise<string[]> {
  const names = model === 'auto' ? await autoNames() : [model];
  const paths: string[] = [];
  for (const name of names) paths.push(...(await manifestInputs(await resolveModel(name))));
  return paths;
}

/** The models that `auto` may resolve to, if present. */
async function autoNames(): Promise<string[]> {
  const known = await knownModelNames();
  return [...AUTO_MODELS, ...AUTO_MODELS.map(int8NameOf)].filter((name) => known.includes(name));
}

/** The files of one model, present or not, and its folder. */
export async function manifestInputs(manifest: ModelManifest): Promise<string[]> {
  const files = (await modelFiles(manifest)).map(({ path }) => path);
  return [manifest.folderPath ?? [], files].flat();
}
