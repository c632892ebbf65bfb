import { spawnSync } from 'node:child_process';

/**
 * Removes the shared memory of processes that were killed: Fast DDS leaves it in /dev/shm, 64 MiB each with
 * config/fastdds.xml, until the machine is restarted. What a living process uses is locked, and stays.
 */
export function removeDeadSharedMemory(env: NodeJS.ProcessEnv): void {
  // Fast DDS's own tool; where it is missing, another middleware is used.
  spawnSync('fastdds', ['shm', 'clean'], { env, stdio: 'ignore', timeout: 30_000 });
}
