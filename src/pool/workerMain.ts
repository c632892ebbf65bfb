import { parentPort, workerData } from 'node:worker_threads';
import { asEffvitError, type EffvitError } from '../core/EffvitError.js';
import { createBackend, prepareBackend } from '../inference/createBackend.js';
import { type InferenceBackend, largestBatchOf } from '../inference/InferenceBackend.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { FrameReceiver } from './FrameReceiver.js';
import { InferenceTask } from './InferenceTask.js';
import { type HandedFrame, WorkerChannel } from './WorkerChannel.js';
import {
  type FrameAnswer,
  type LogitsRing,
  logitsRing,
  sentError,
  type WorkerMessage,
  type WorkerStart,
} from './workerProtocol.js';

const NS_PER_MS = 1e6;
/** The main thread copies frames one after the other: some hundred microseconds each, unless it is halted. */
const EXPECTED_WITHIN_NS = 50 * NS_PER_MS;

/** The program of one worker thread: load, then a task at a time, asleep in between, until told to leave. */
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
  const receiver = new FrameReceiver(start.setup, start.kernel);
  const task = new InferenceTask(loaded.backend, loaded.logits);
  for (let first = channel.nextFrame(); first !== undefined; first = channel.nextFrame()) {
    const handed = first;
    const isOfUse = await channel.guarded(async () => {
      await gather(handed, channel, receiver, task);
      return await runTask(task);
    });
    if (!isOfUse) break;
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

/** The first frame, and those that are ready when it is, up to a batch; with a wait, those that come meanwhile too. */
async function gather(
  first: HandedFrame,
  channel: WorkerChannel,
  receiver: FrameReceiver,
  task: InferenceTask,
): Promise<void> {
  const { largestBatch, waitMs } = channel.batchLimits;
  const deadlineNs = monotonicNs() + waitMs * NS_PER_MS;
  let last = first.number;
  for (let handed: HandedFrame | undefined = first; handed !== undefined; ) {
    const { number, slot } = handed;
    const beganNs = monotonicNs();
    last = number;
    try {
      task.join(number, beganNs, await receiver.receive(slot));
    } catch (thrown) {
      send(answerOf(number, asEffvitError(thrown, 'INFERENCE_FAILED')));
    }
    if (task.size >= largestBatch) break;
    handed = channel.nextFrameUntil(deadlineNs) ?? channel.nextExpected(last, EXPECTED_WITHIN_NS);
  }
  channel.closeTask(last);
}

/** @returns false where the backend is of no more use. */
async function runTask(task: InferenceTask): Promise<boolean> {
  if (task.size === 0) return true;
  const done = await task.run();
  const answers = done.map(({ number, error }) => answerOf(number, error));
  const [first] = answers;
  if (first !== undefined && answers.length === 1) send(first);
  else send({ kind: 'answers', answers });
  return done.every(({ error }) => error?.code !== 'WORKER_DIED');
}

function answerOf(number: number, error: EffvitError | undefined): FrameAnswer {
  return error === undefined ? number : { kind: 'frame_failed', number, error: sentError(error) };
}

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

await main(workerData);
// Nothing of the backend's may keep the thread alive; native code is idle by now.
process.exit();
