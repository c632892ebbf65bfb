// Loaded before a program (node --import): writes how late its main thread's event loop comes, see LoopDelay.ts.
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import { LOOP_DELAY_FILE_VARIABLE, LOOP_DELAY_PERIOD_MS } from './LoopDelay.js';

const file = process.env[LOOP_DELAY_FILE_VARIABLE];
if (isMainThread && file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: LOOP_DELAY_PERIOD_MS });
  delay.enable();
  process.on('SIGUSR2', () => {
    writeFileSync(file, String(delay.percentile(99) / 1e6 - LOOP_DELAY_PERIOD_MS));
    delay.reset();
  });
}
