import { SetupError } from './SetupError.mjs';

/** A holder renews the lock at half this time; one that was killed is taken over after it. */
const STALE_MS = 20_000;
const RETRY_MS = 1_000;
const WAIT_LIMIT_MS = 45 * 60_000;

/** Runs `work` while no other set-up works in the folder, in this process or another; waits for that one, and says so. */
export async function withLock(folder, out, work) {
  // Here and not above: colcon's stage.mjs is loaded before npm ci has put any package there.
  const { lock } = await import('proper-lockfile');
  const deadline = Date.now() + WAIT_LIMIT_MS;
  let release;
  let isTold = false;
  while (release === undefined) {
    try {
      release = await lock(folder, { stale: STALE_MS, update: STALE_MS / 4 });
    } catch (error) {
      if (error.code !== 'ELOCKED') throw error;
      if (Date.now() > deadline) {
        throw new SetupError(
          `Another set-up has held ${folder}.lock for 45 minutes: stop it, then run this again.`,
        );
      }
      if (!isTold) out.write('Another set-up of ROS is at work; waiting for it ...\n');
      isTold = true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  try {
    return await work();
  } finally {
    await release();
  }
}
