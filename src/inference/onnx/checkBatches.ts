import { EffvitError } from '../../core/EffvitError.js';
import { nv12Bytes } from '../../image/TensorOptions.js';
import type { OnnxBackendSpec } from '../BackendSpec.js';
import { bad } from './graphFault.js';
import { OnnxBackend } from './OnnxBackend.js';

/**
 * Runs frames of noise by the model as it is, one by one, and in every batch that it may get.
 *
 * @param single the same model without batches.
 * @throws EffvitError BAD_MODEL if a score of any frame differs in any bit.
 */
export async function checkBatches(spec: OnnxBackendSpec, single: OnnxBackendSpec): Promise<void> {
  const { mostFrames = 1, input } = spec;
  const frames = Array.from({ length: mostFrames }, (_, index) =>
    noise(nv12Bytes(input.widthPx, input.heightPx), index + 1),
  );
  const alone = await scoresOf(single, async (backend) => {
    const scores: Float32Array[] = [];
    for (const frame of frames) scores.push((await backend.run(frame)).logits.slice());
    return scores;
  });
  await scoresOf(spec, async (backend) => {
    for (const [place, frame] of frames.entries()) backend.batch?.write(place, frame);
    for (let count = 1; count <= mostFrames; count++) {
      const together = await backend.batch?.run(0, count).catch((error: unknown) => {
        throw refused(spec, `fails on a run of ${count}`, error);
      });
      const isSame = together?.logits.every((values, place) => sameBits(values, alone[place]));
      if (isSame === false) throw refused(spec, `gives a frame other scores in a run of ${count} than alone`);
    }
  });
}

function refused(spec: OnnxBackendSpec, what: string, cause?: unknown): EffvitError {
  const { code, message, context } = bad(spec, what, 'set onnx_batch (--onnx-batch) to 1');
  return new EffvitError(code, message, { context, cause });
}

async function scoresOf<Value>(
  spec: OnnxBackendSpec,
  work: (backend: OnnxBackend) => Promise<Value>,
): Promise<Value> {
  const backend = new OnnxBackend(spec);
  await backend.load();
  try {
    return await work(backend);
  } finally {
    await backend.dispose();
  }
}

function sameBits(values: Float32Array, expected: Float32Array | undefined): boolean {
  return (
    values.length === expected?.length && values.every((value, index) => Object.is(value, expected[index]))
  );
}

/** Bytes of xorshift. */
function noise(length: number, seed: number): Uint8Array {
  let state = Math.imul(seed, 0x9e3779b1);
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 24;
  });
}
