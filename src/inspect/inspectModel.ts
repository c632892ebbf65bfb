import type { ModelManifest } from '../model/ModelManifest.js';
import { describeKind, modelFiles } from '../model/modelFiles.js';
import { inspectModelFile, type ModelFileInfo } from './inspectModelFile.js';

/** A file of a model: what it contains, or how to get it. */
type ListedFile =
  | { readonly what: string; readonly info: ModelFileInfo }
  | { readonly what: string; readonly remedy: string };

export type ModelInfo = Awaited<ReturnType<typeof inspectModel>>;

/**
 * What is known of a model that has a manifest: the manifest's statements, and its files.
 *
 * @throws EffvitError as {@link inspectModelFile} for a file that is here
 */
export async function inspectModel(manifest: ModelManifest, env: NodeJS.ProcessEnv = process.env) {
  const files: ListedFile[] = [];
  for (const { kind, chip, isPresent, path, remedy = '' } of await modelFiles(manifest, env)) {
    const what = describeKind(kind, chip);
    files.push(isPresent ? { what, info: await inspectModelFile(path) } : { what, remedy });
  }
  const { name, title, licence, folderPath: folder, deviceModels } = manifest;
  return { name, title, licence, ...(folder !== undefined && { folder }), deviceModels, files };
}
