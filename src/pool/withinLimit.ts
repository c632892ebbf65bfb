import type { PoolClock } from './PoolClock.js';

/** Waits until the promise is settled, but no longer than `limitMs`, or until `signal` is aborted. */
export async function withinLimit(
  promise: Promise<unknown>,
  {
    clock,
    limitMs,
    signal,
  }: { readonly clock: PoolClock; readonly limitMs: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimer(limitMs, finish, { keepsAlive: true });
    signal?.addEventListener('abort', finish);
    if (signal?.aborted === true) finish();
    promise.then(finish, finish);
  });
}
