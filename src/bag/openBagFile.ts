import type { BagFile } from './BagFile.js';
import type { BagWarnings } from './BagWarnings.js';
import { McapBagFile } from './mcap/McapBagFile.js';

export async function openBagFile(path: string, warnings: BagWarnings): Promise<BagFile> {
  return await McapBagFile.open(path, warnings);
}
