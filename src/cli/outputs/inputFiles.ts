import { AUTO_MODELS } from '../../classify/loadModel.js';
import { sidecarPath } from '../../fleet/bagVersion.js';
import type { FleetBag } from '../../fleet/FleetBag.js';
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

/**
 * The files that a command on many bags reads: the lists that were given, the bags, and what lies beside them.
 *
 * @param given the arguments: bags, folders, patterns, `@list`.
 */
export async function fleetInputs(given: readonly string[], bags: readonly FleetBag[]): Promise<string[]> {
  const inputs = given.filter((text) => text.startsWith('@')).map((text) => text.slice(1));
  for (const { path } of bags) {
    const beside = [await sidecarPath(path, 'truth.json'), await sidecarPath(path, 'expected.json')];
    inputs.push(path, ...beside.filter((one) => one !== undefined));
  }
  return inputs;
}
