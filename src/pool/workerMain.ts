import { parentPort, workerData } from 'node:worker_threads';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { createBackend, prepareBackend } from '../inference/createBackend.js';
import type { InferenceBackend } from '../inference/InferenceBackend.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { FrameReceiver } from './FrameReceiver.js';
import { type HandedFrame, WorkerChannel } from './WorkerChannel.js';
import type { SentError, WorkerMessage, WorkerStart } from './workerProtocol.js';

/** The program of one worker thread: load, then a frame at a time, asleep in between, until told to stop. */
async function main(start: WorkerStart): Promise<void> {
  const channel = new WorkerChannel(start.channel);
  let backend: InferenceBackend;
  let logits: readonly [Float32Array, Float32Array];
  try {
    const loaded = await channel.guarded(async () => await load(start));
    ({ backend, logits } = loaded);
    send(loaded.message);
  } catch (error) {
    send({ kind: 'load_failed', error: sentError(error) });
    return;
  }
  await serve(channel, new FrameReceiver(start), backend, logits);
  await channel.guarded(async () => await backend.dispose());
}

async function load(start: WorkerStart) {
  const preparedSpec = await prepareBackend(start.spec);
  const backend = await createBackend(preparedSpec);
  const info = await backend.load();
  const bytes = info.classCount * Float32Array.BYTES_PER_ELEMENT;
  const shared = new SharedArrayBuffer(2 * bytes);
  const logits = [
    new Float32Array(shared, 0, info.classCount),
    new Float32Array(shared, bytes, info.classCount),
  ] as const;
  const message: WorkerMessage = { kind: 'loaded', info, preparedSpec, logits: shared };
  return { backend, logits, message };
}

async function serve(
  channel: WorkerChannel,
  receiver: FrameReceiver,
  backend: InferenceBackend,
  logits: readonly [Float32Array, Float32Array],
): Promise<void> {
  let done = 0;
  for (;;) {
    const frame = channel.waitForFrame(done);
    if (frame === undefined) return;
    done = frame.number;
    try {
      const into = logits[frame.number % 2 === 0 ? 0 : 1];
      await channel.guarded(async () => await classify(channel, receiver, backend, frame, into));
      send(frame.number);
    } catch (thrown) {
      const error = sentError(thrown);
      send({ kind: 'frame_failed', number: frame.number, error });
      if (error.code === 'WORKER_DIED') return;
    }
  }
}

async function classify(
  channel: WorkerChannel,
  receiver: FrameReceiver,
  backend: InferenceBackend,
  frame: HandedFrame,
  into: Float32Array,
): Promise<void> {
  const beganNs = monotonicNs();
  const { nv12, decodeNs, preprocessNs, pictureSize } = await receiver.receive(frame);
  const result = await backend.run(nv12);
  if (result.logits.length !== into.length) {
    throw new EffvitError(
      'INFERENCE_FAILED',
      `The backend gave ${result.logits.length} scores where ${into.length} classes were loaded.`,
    );
  }
  for (const score of result.logits) {
    if (Number.isFinite(score)) continue;
    throw new EffvitError(
      'INFERENCE_FAILED',
      "The model's output has NaN or infinite values: check its weights, and the mean and scale of its manifest.",
    );
  }
  into.set(result.logits);
  const times = {
    beganNs,
    decodeNs,
    preprocessNs: preprocessNs + result.inputNs,
    inferenceNs: result.inferenceNs,
    endedNs: monotonicNs(),
  };
  channel.leave(times, { offsetBytes: nv12.byteOffset, lengthBytes: nv12.byteLength }, pictureSize);
}

function sentError(thrown: unknown): SentError {
  const { code, message } = asEffvitError(thrown, 'INFERENCE_FAILED');
  return { code, message };
}

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

await main(workerData);
// Nothing of the backend's may keep the thread alive; native code is idle by now.
process.exit();
