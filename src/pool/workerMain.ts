import { parentPort, workerData } from 'node:worker_threads';
import { asEffvitError, EffvitError, type EffvitErrorCode } from '../core/EffvitError.js';
import { createBackend, prepareBackend } from '../inference/createBackend.js';
import type { InferenceBackend } from '../inference/InferenceBackend.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { FrameReceiver } from './FrameReceiver.js';
import { WorkerChannel } from './WorkerChannel.js';
import { logitsOf, type SentError, type WorkerMessage, type WorkerStart } from './workerProtocol.js';

type Logits = ReturnType<typeof logitsOf>;

/** The program of one worker thread: load, then a frame at a time, asleep in between, until told to leave. */
async function main(start: WorkerStart): Promise<void> {
  const channel = new WorkerChannel(start.channel);
  let loaded: { backend: InferenceBackend; logits: Logits };
  try {
    loaded = await channel.guarded(async () => await load(start));
  } catch (error) {
    send({ kind: 'load_failed', error: sentError(error, 'BAD_MODEL') });
    return;
  }
  await serve(channel, start, loaded.backend, loaded.logits);
  await channel.guarded(async () => await loaded.backend.dispose());
}

async function load(start: WorkerStart) {
  const preparedSpec = await prepareBackend(start.spec);
  const backend = await createBackend(preparedSpec);
  const info = await backend.load();
  const logits = logitsOf(info.classCount);
  send({ kind: 'loaded', info, preparedSpec, logits: logits.shared });
  return { backend, logits };
}

async function serve(
  channel: WorkerChannel,
  { slots, kernel }: WorkerStart,
  backend: InferenceBackend,
  logits: Logits,
): Promise<void> {
  // The second slot is used under load only.
  const receivers: FrameReceiver[] = [];
  for (let frame = channel.nextFrame(); frame !== undefined; frame = channel.nextFrame()) {
    const { number, slot } = frame;
    try {
      await channel.guarded(async () => {
        const beganNs = monotonicNs();
        const start = slots[slot];
        if (start === undefined) throw new EffvitError('INTERNAL', `There is no slot ${slot}.`);
        receivers[slot] ??= new FrameReceiver(start, kernel);
        await classify(receivers[slot], backend, logits.of(number), beganNs);
      });
      send(number);
    } catch (thrown) {
      const error = sentError(thrown, 'INFERENCE_FAILED');
      send({ kind: 'frame_failed', number, error });
      if (error.code === 'WORKER_DIED') return;
    }
  }
}

async function classify(
  receiver: FrameReceiver,
  backend: InferenceBackend,
  into: Float32Array,
  beganNs: number,
): Promise<void> {
  const { nv12, decodeNs, preprocessNs, pictureSize } = await receiver.receive();
  const { logits, inputNs, inferenceNs } = await backend.run(nv12);
  if (logits.length !== into.length) {
    throw new EffvitError(
      'INFERENCE_FAILED',
      `The backend gave ${logits.length} scores where ${into.length} classes were loaded.`,
    );
  }
  // By index: an iterator makes an object for each class.
  for (let index = 0; index < logits.length; index++) {
    if (Number.isFinite(logits[index])) continue;
    throw new EffvitError(
      'INFERENCE_FAILED',
      "The model's output has NaN or infinite values: check its weights, and the mean and scale of its manifest.",
    );
  }
  into.set(logits);
  receiver.record.report(
    { beganNs, decodeNs, preprocessNs: preprocessNs + inputNs, inferenceNs, endedNs: monotonicNs() },
    nv12,
    pictureSize,
  );
}

function sentError(thrown: unknown, otherwise: EffvitErrorCode): SentError {
  const { code, message } = asEffvitError(thrown, otherwise);
  return { code, message };
}

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

await main(workerData);
// Nothing of the backend's may keep the thread alive; native code is idle by now.
process.exit();
