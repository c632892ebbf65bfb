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
