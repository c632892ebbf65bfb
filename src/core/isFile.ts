import { stat } from 'node:fs/promises';

/** Whether there is a regular file, links followed; false for one that cannot be looked at. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
