import type { BpuChip } from '../model/BpuChip.js';
import type { DeviceModel, ModelManifest } from '../model/ModelManifest.js';
import { describeKind, modelFiles } from '../model/modelFiles.js';
import { formatModelInfo } from './formatModelInfo.js';
import { inspectModelFile, type ModelFileInfo } from './inspectModelFile.js';

/** A file of a model: what it contains, or how to get it. */
export type ListedFile =
  | { readonly what: string; readonly info: ModelFileInfo }
  | { readonly what: string; readonly remedy: string };

/** What is known of a model that has a manifest. */
export interface ModelInfo {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  /** The folder of the manifest. */
  readonly folder?: string;
  /** Times of the chips by the manifest, also of tasks of several frames. */
  readonly deviceModels: Readonly<Partial<Record<BpuChip, DeviceModel>>>;
  readonly files: readonly ListedFile[];
}

/** Inspects the files that a manifest lists. @throws EffvitError as {@link inspectModelFile} for a file that is here */
export async function inspectModel(
  manifest: ModelManifest,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ModelInfo> {
  const files: ListedFile[] = [];
  for (const { kind, chip, isPresent, path, remedy = '' } of await modelFiles(manifest, env)) {
    const what = describeKind(kind, chip);
    files.push(isPresent ? { what, info: await inspectModelFile(path) } : { what, remedy });
  }
  const { name, title, licence, folderPath, deviceModels } = manifest;
  return {
    name,
    title,
    licence,
    ...(folderPath !== undefined && { folder: folderPath }),
    deviceModels,
    files,
  };
}

/** The model in lines for people: itself first, then each of its files after an empty line. */
export function formatModel(model: ModelInfo): string {
  const head = [
    ['model', model.name],
    ['title', model.title],
    ['licence', model.licence],
    ...(model.folder === undefined ? [] : [['folder', model.folder]]),
    ...Object.entries(model.deviceModels).map(([chip, device]) => [`times on ${chip}`, spellTimes(device)]),
  ];
  const width = Math.max(...head.map(([name = '']) => name.length));
  return [
    head.map(([name = '', value = '']) => `${name.padEnd(width)}  ${value}`).join('\n'),
    ...model.files.map((file) =>
      'info' in file
        ? `${file.what}:\n${formatModelInfo(file.info)}`
        : `${file.what}: not on this machine, ${file.remedy}`,
    ),
  ].join('\n\n');
}

/** `2.810 ms for 1 frame, 4.998 ms for 4 frames (the compiler's estimate)`. */
function spellTimes({ serviceMs, batches = [], kind }: DeviceModel): string {
  const times = [{ batch: 1, serviceMs }, ...batches].map(
    (one) => `${one.serviceMs.toFixed(3)} ms for ${one.batch} frame${one.batch === 1 ? '' : 's'}`,
  );
  const source =
    kind === 'estimate' ? " (the compiler's estimate)" : kind === 'published' ? ' (published)' : '';
  return `${times.join(', ')}${source}`;
}
