import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** How long workers may take to finish their frames after a forced stop: usually one inference time. */
const FRAMES_LIMIT_MS = 300;
/** Limit for all of the work, which may still wait for threads. */
const WORK_LIMIT_MS = 600;

interface Closable {
  close(options: { readonly drain: boolean; readonly signal: AbortSignal }): Promise<void>;
}

/**
 * Waits for work that closes a pipeline. Once `forceStop` is aborted, the pipeline drops waiting frames and abandons
 * hung workers, and the work gets only a little more time.
 */
export async function unlessForced(
  work: Promise<void>,
  forceStop: AbortSignal | undefined,
  pipeline: () => Closable | undefined,
): Promise<void> {
  if (forceStop === undefined) return await work;
  const done = new AbortController();
  const forced = async (): Promise<void> => {
    if (!forceStop.aborted) await once(forceStop, 'abort', { signal: done.signal });
    void pipeline()?.close({ drain: false, signal: AbortSignal.timeout(FRAMES_LIMIT_MS) });
    await delay(WORK_LIMIT_MS, undefined, { signal: done.signal });
  };
  try {
    await Promise.race([work, forced()]);
  } finally {
    done.abort();
  }
}
