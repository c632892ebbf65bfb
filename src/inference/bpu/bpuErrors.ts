import { EffvitError, type EffvitErrorCode } from '../../core/EffvitError.js';

interface BpuErrorText {
  /** Meaning of the code, without a full stop. */
  readonly meaning: string;
  readonly remedy: string;
  readonly code: EffvitErrorCode;
}

const RUNTIME_DEFECT = 'report it with the version of libdnn (effvit doctor shows it)';

/** Every code that the BPU runtime documents. */
export const BPU_ERRORS: Readonly<Record<number, BpuErrorText>> = {
  [-6000001]: {
    meaning: 'invalid argument',
    remedy: 'check bpu_core and bpu_priority, and that the model takes one NV12 picture',
    code: 'BPU_FAILED',
  },
  [-6000002]: {
    meaning: 'invalid model',
    remedy: 'the file is damaged or no BPU model: get it anew with effvit model pull',
    code: 'BAD_MODEL',
  },
  [-6000003]: {
    meaning: 'too many models are loaded',
    remedy: 'end other programs that use the BPU',
    code: 'BPU_FAILED',
  },
  [-6000004]: { meaning: 'invalid handle of a model file', remedy: RUNTIME_DEFECT, code: 'BPU_FAILED' },
  [-6000005]: { meaning: 'invalid model handle', remedy: RUNTIME_DEFECT, code: 'BPU_FAILED' },
  [-6000006]: {
    meaning: 'the file cannot be opened',
    remedy: 'check its path and that this user may read it',
    code: 'NOT_FOUND',
  },
  [-6000007]: {
    meaning: 'out of memory',
    remedy: 'end other programs that use the BPU, or take fewer threads',
    code: 'BPU_FAILED',
  },
  [-6000008]: {
    meaning: 'time-out',
    remedy: 'raise inference_timeout_ms, take fewer threads, or end other programs that use the BPU',
    code: 'TIMED_OUT',
  },
  [-6000009]: {
    meaning: 'more tasks than the BPU takes at once',
    remedy: 'take fewer threads, or end other programs that use the BPU',
    code: 'BPU_FAILED',
  },
  [-6000010]: {
    meaning: 'a batch larger than the BPU takes',
    remedy: 'compile the model for a batch of 1',
    code: 'BPU_FAILED',
  },
  [-6000011]: { meaning: 'invalid task handle', remedy: RUNTIME_DEFECT, code: 'BPU_FAILED' },
  [-6000012]: {
    meaning: 'the task failed on the BPU',
    remedy: 'check the kernel log (dmesg) and the temperature, and restart the board if it stays so',
    code: 'BPU_FAILED',
  },
  [-6000013]: {
    meaning: 'the model is still running',
    remedy: 'wait for its tasks, or restart the program',
    code: 'BPU_FAILED',
  },
  [-6000014]: {
    meaning: 'a model for another chip or another version of the runtime',
    remedy: 'take the .bin that was compiled for this chip, or compile it anew',
    code: 'BAD_MODEL',
  },
  [-6000015]: { meaning: 'the runtime was used wrongly', remedy: RUNTIME_DEFECT, code: 'BPU_FAILED' },
  [-6000016]: {
    meaning: 'used from more than one process',
    remedy: 'end the other program that uses this BPU',
    code: 'BPU_FAILED',
  },
  [-6000129]: {
    meaning: 'invalid argument to the memory functions',
    remedy: RUNTIME_DEFECT,
    code: 'BPU_FAILED',
  },
  [-6000130]: {
    meaning: "the BPU's memory is used up",
    remedy: 'end other programs that use it, take fewer threads, or enlarge the ION memory',
    code: 'BPU_FAILED',
  },
  [-6000131]: {
    meaning: 'memory could not be registered with the BPU',
    remedy: 'end other programs that use it, or restart the board',
    code: 'BPU_FAILED',
  },
};

export const BPU_INVALID_ARGUMENT = -6000001;
export const BPU_TIMED_OUT = -6000008;

/**
 * The error of a failed call, with a message of one sentence.
 *
 * @param about the subject of the call, e.g. the model's path.
 * @param description from the runtime, for codes that are not in the table.
 */
export function bpuError(call: string, code: number, about: string, description?: string): EffvitError {
  const known = BPU_ERRORS[code];
  const meaning = known?.meaning ?? description ?? 'a code that is not documented';
  const remedy = known?.remedy ?? 'look for it in the documentation of the BPU runtime';
  return new EffvitError(
    known?.code ?? 'BPU_FAILED',
    `${call} failed with ${code} (${meaning}) for ${about}: ${remedy}.`,
  );
}
