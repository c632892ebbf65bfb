import { EffvitError, type EffvitErrorCode } from '../../core/EffvitError.js';

/** Meaning and remedy, both without a full stop; the error's code is BPU_FAILED unless another is given. */
type BpuErrorText = readonly [meaning: string, remedy: string, code?: EffvitErrorCode];

const RUNTIME_DEFECT = 'report it with the version of libdnn (effvit doctor shows it)';

/** Every code that the BPU runtime documents. */
export const BPU_ERRORS: Readonly<Record<number, BpuErrorText>> = {
  [-6000001]: [
    'invalid argument',
    'check bpu_core and bpu_priority, and that the model takes one NV12 picture',
  ],
  [-6000002]: [
    'invalid model',
    'the file is damaged or no BPU model: get it anew with effvit model pull',
    'BAD_MODEL',
  ],
  [-6000003]: ['too many models are loaded', 'end other programs that use the BPU'],
  [-6000004]: ['invalid handle of a model file', RUNTIME_DEFECT],
  [-6000005]: ['invalid model handle', RUNTIME_DEFECT],
  [-6000006]: ['the file cannot be opened', 'check its path and that this user may read it', 'NOT_FOUND'],
  [-6000007]: ['out of memory', 'end other programs that use the BPU, or take fewer threads'],
  [-6000008]: [
    'time-out',
    'raise inference_timeout_ms, take fewer threads, or end other programs that use the BPU',
    'TIMED_OUT',
  ],
  [-6000009]: [
    'more tasks than the BPU takes at once',
    'take fewer threads, or end other programs that use the BPU',
  ],
  [-6000010]: ['a batch larger than the BPU takes', 'compile the model for a batch of 1'],
  [-6000011]: ['invalid task handle', RUNTIME_DEFECT],
  [-6000012]: [
    'the task failed on the BPU',
    'check the kernel log (dmesg) and the temperature, and restart the board if it stays so',
  ],
  [-6000013]: ['the model is still running', 'wait for its tasks, or restart the program'],
  [-6000014]: [
    'a model for another chip or another version of the runtime',
    'take the .bin that was compiled for this chip, or compile it anew',
    'BAD_MODEL',
  ],
  [-6000015]: ['the runtime was used wrongly', RUNTIME_DEFECT],
  [-6000016]: ['used from more than one process', 'end the other program that uses this BPU'],
  [-6000129]: ['invalid argument to the memory functions', RUNTIME_DEFECT],
  [-6000130]: [
    "the BPU's memory is used up",
    'end other programs that use it, take fewer threads, or enlarge the ION memory',
  ],
  [-6000131]: [
    'memory could not be registered with the BPU',
    'end other programs that use it, or restart the board',
  ],
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
  const [
    meaning = description ?? 'a code that is not documented',
    remedy = 'look for it in the documentation of the BPU runtime',
    errorCode = 'BPU_FAILED',
  ] = BPU_ERRORS[code] ?? [];
  return new EffvitError(errorCode, `${call} failed with ${code} (${meaning}) for ${about}: ${remedy}.`);
}

/** The error for a model that this backend cannot run. */
export function unusable(about: string, what: string): EffvitError {
  return new EffvitError('BAD_MODEL', `${about} cannot be used: ${what}.`);
}
