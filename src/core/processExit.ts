let isOwned = false;

/**
 * To be called by executables, which own their process: only then does this package listen for its end, to remove
 * temporary files and to keep it from cutting off a worker inside native code. A program that uses the package as a
 * library keeps its exit as it is, and closes what it started.
 */
export function ownProcessExit(): void {
  isOwned = true;
}

/** Calls the listener at the end of the process, where that is this package's. */
export function onOwnExit(listener: () => void): void {
  if (isOwned) process.on('exit', listener);
}
