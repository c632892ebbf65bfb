import { parentPort, workerData } from 'node:worker_threads';
import { asEffvitError } from '../core/EffvitError.js';
import { createBackend, prepareBackend } from '../inference/createBackend.js';
import { type InferenceBackend, largestBatchOf } from '../inference/InferenceBackend.js';
import { FrameReceiver } from './FrameReceiver.js';
import { WorkerChannel } from './WorkerChannel.js';
import { WorkerTasks } from './WorkerTasks.js';
import {
  type LogitsRing,
  logitsRing,
  sentError,
  type WorkerMessage,
  type WorkerStart,
} from './workerProtocol.js';

/** Limit for the main thread to notice that this worker is unusable: it must read its messages first. */
const GIVEN_UP_WITHIN_MS = 5000;

/** The program of one worker thread: loads the model, then runs one task at a time until it is asked to exit. */
async function main(start: WorkerStart): Promise<void> {
  const channel = new WorkerChannel(start.channel);
  let loaded: { backend: InferenceBackend; logits: LogitsRing };
  try {
    loaded = await channel.guarded(async () => await load(start));
  } catch (error) {
    const failure = asEffvitError(error, 'BAD_MODEL').addContext({ backend: start.spec.kind });
    send({ kind: 'load_failed', error: sentError(failure) });
    return;
  }
  const work = new WorkerTasks(channel, new FrameReceiver(start.setup, start.kernel), loaded, send);
  for (let first = channel.nextFrame(); first !== undefined; first = channel.nextFrame()) {
    const handed = first;
    const isOfUse = await channel.guarded(async () => await work.run(handed));
    if (isOfUse) continue;
    // The main thread may be copying a frame into the device's memory.
    channel.waitUntilGivenUp(GIVEN_UP_WITHIN_MS);
    break;
  }
  await channel.guarded(async () => await loaded.backend.dispose());
}

async function load(start: WorkerStart) {
  const preparedSpec = await prepareBackend(start.spec);
  const backend = await createBackend(preparedSpec);
  const info = await backend.load();
  const logits = logitsRing(info.classCount, largestBatchOf(info));
  send({ kind: 'loaded', info, preparedSpec, logits: logits.shared });
  return { backend, logits };
}

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

await main(workerData);
// Handles of the backend must not keep the thread alive; its native code is idle by now.
process.exit();
