import { rmSync } from 'node:fs';
import { onOwnExit } from './processExit.js';

const paths = new Set<string>();

function removeAll(): void {
  for (const path of paths) rmSync(path, { recursive: true, force: true });
}

/** Removes the file or folder when an executable of this package exits, unless {@link keepAtExit} is called before. */
export function removeAtExit(path: string): void {
  if (paths.size === 0) onOwnExit(removeAll);
  paths.add(path);
}

/** Cancels {@link removeAtExit}. */
export function keepAtExit(path: string): void {
  paths.delete(path);
  if (paths.size === 0) process.off('exit', removeAll);
}
