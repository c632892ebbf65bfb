import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BPU_CHIPS, type BpuChip, MARCH_OF_CHIP } from './BpuChip.js';
import { defaultManifest, nameOfFile } from './defaultManifest.js';
import type { ModelManifest } from './ModelManifest.js';

/** Folder of the vendor's models in the system image of RDK boards: `x5/basic/*.bin` and the like. */
const BOARD_MODELS = '/opt/hobot/model';

/** A compiled model that came with the board. */
export interface BoardModel {
  /** After its file. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly chip: BpuChip;
}

/** The models of the board's system image, sorted; none elsewhere. `$EFFVIT_BOARD_MODELS` names another folder. */
export async function boardModels(env: NodeJS.ProcessEnv = process.env): Promise<readonly BoardModel[]> {
  const root = env['EFFVIT_BOARD_MODELS'] || BOARD_MODELS;
  const models: BoardModel[] = [];
  for (const chip of BPU_CHIPS) {
    const folder = join(root, chip.replace('rdk-', ''), 'basic');
    for (const file of await readdir(folder).catch(() => [])) {
      if (!file.endsWith('.bin')) continue;
      const path = join(folder, file);
      models.push({ name: nameOfFile(path), path, chip });
    }
  }
  return models.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The manifest of a board's model: the defaults of a bare file, and its chip. */
export function boardManifest({ path, chip }: BoardModel): ModelManifest {
  const bpu = { [chip]: { file: path, march: MARCH_OF_CHIP[chip] } };
  return {
    ...defaultManifest(path),
    title: `${basename(path)} of the board's system image`,
    files: { bpu },
  };
}
