/** What went wrong, for programs: `code` is stable, the message is for people. */
export type EffvitErrorCode =
  | 'BAD_ARGUMENT'
  | 'BAD_CONFIG'
  | 'BAD_IMAGE'
  | 'BAD_BAG'
  | 'BAD_MODEL'
  | 'BAD_WEIGHTS'
  | 'BAD_MANIFEST'
  | 'NOT_FOUND'
  | 'UNSUPPORTED'
  | 'OUT_OF_RANGE'
  | 'INFERENCE_FAILED'
  | 'WORKER_DIED'
  | 'TIMED_OUT'
  | 'CLOSED'
  | 'CANCELLED'
  | 'DOWNLOAD_FAILED'
  | 'CHECKSUM_MISMATCH'
  | 'IO_FAILED'
  | 'BPU_FAILED'
  | 'ROS_UNAVAILABLE'
  | 'MISMATCH'
  | 'TOOL_FAILED'
  | 'INTERNAL';

/** Codes that mean the caller asked wrongly (exit code 2); every other code means the work failed (1). */
const USAGE_CODES: ReadonlySet<EffvitErrorCode> = new Set(['BAD_ARGUMENT', 'OUT_OF_RANGE']);

/**
 * The one error class that leaves this package on purpose.
 *
 * The message is one sentence: what was received, where, and what to do about it. `cause` holds the
 * lower error, when there is one.
 */
export class EffvitError extends Error {
  readonly code: EffvitErrorCode;

  constructor(code: EffvitErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EffvitError';
    this.code = code;
  }

  /** 2 for wrong use, 1 for work that failed: the exit codes of the command line. */
  get exitCode(): 1 | 2 {
    return USAGE_CODES.has(this.code) ? 2 : 1;
  }
}

/** Any thrown value as an {@link EffvitError}; one that already is one comes back as it is. */
export function asEffvitError(
  thrown: unknown,
  code: EffvitErrorCode = 'INTERNAL',
  context?: string,
): EffvitError {
  if (thrown instanceof EffvitError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new EffvitError(code, context === undefined ? reason : `${context}: ${reason}`, { cause: thrown });
}
