// For instructions.bench.ts, imported by every thread of its child: a worker marks its own frames, by their answers.
import { getPriority, setPriority } from 'node:os';
import { isMainThread, parentPort } from 'node:worker_threads';

/** A native function without effect, at whose calls callgrind writes what the calling thread has done. */
export const mark = (): void => setPriority(getPriority());

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const { EFFVIT_BENCH_FRAMES = '' } = process.env;
  const [warmUpFrames = 0, frames = 0] = EFFVIT_BENCH_FRAMES.split(' ').map(Number);
  const send = port.postMessage.bind(port);
  let answerCount = 0;
  port.postMessage = (message: unknown): void => {
    // A bare number is a frame's answer.
    if (typeof message === 'number') {
      answerCount += 1;
      if (answerCount === warmUpFrames || answerCount === warmUpFrames + frames) mark();
    }
    send(message);
  };
}
