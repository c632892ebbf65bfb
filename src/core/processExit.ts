import { rmSync } from 'node:fs';

let isOwned = false;

/**
 * Executables call this once; only then does this package listen for the end of the process, to remove temporary files
 * and to let workers inside native code finish. In a program that uses the package as a library nothing changes; it
 * closes what it started.
 */
export function ownProcessExit(): void {
  isOwned = true;
}

/** Calls the listener at the end of the process, if {@link ownProcessExit} was called. */
export function onOwnExit(listener: () => void): void {
  if (isOwned) process.on('exit', listener);
}

/** Ends the process at once by a signal; for executables. */
export function dieBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  process.kill(process.pid, 'SIGKILL');
}

const temporaryPaths = new Set<string>();

function removeAll(): void {
  for (const path of temporaryPaths) rmSync(path, { recursive: true, force: true });
}

/** Removes the file or folder when an executable of this package exits, unless {@link keepAtExit} is called before. */
export function removeAtExit(path: string): void {
  if (temporaryPaths.size === 0) onOwnExit(removeAll);
  temporaryPaths.add(path);
}

/** Cancels {@link removeAtExit}. */
export function keepAtExit(path: string): void {
  temporaryPaths.delete(path);
  if (temporaryPaths.size === 0) process.off('exit', removeAll);
}
