import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of one's own with a cache and a models folder in it, and the environment that points there. */
export interface ScratchModels {
  readonly folder: string;
  readonly cache: string;
  readonly env: NodeJS.ProcessEnv;
  /** Writes `<models>/<name>/manifest.yaml`; returns that folder. */
  readonly addModel: (name: string, manifest: string) => string;
  readonly remove: () => void;
}

export function scratchModels(): ScratchModels {
  const folder = mkdtempSync(join(tmpdir(), 'effvit-models-'));
  const models = join(folder, 'models');
  const cache = join(folder, 'cache');
  mkdirSync(models);
  return {
    folder,
    cache,
    env: { EFFVIT_CACHE: cache, EFFVIT_MODEL_PATH: models },
    addModel: (name, manifest) => {
      const path = join(models, name);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'manifest.yaml'), manifest);
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The least that a manifest needs, and whatever `rest` adds. */
export function manifestYaml(name: string, rest = ''): string {
  return `name: ${name}\ninput: { width_px: 224, height_px: 224 }\noutput: { class_count: 3 }\n${rest}`;
}
