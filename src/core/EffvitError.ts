/** Kind of an error, for programs. Codes are stable; messages are for people and may change. */
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

/** Codes for wrong use by the caller (exit code 2); every other code means that the work failed (exit code 1). */
const USAGE_CODES: ReadonlySet<EffvitErrorCode> = new Set(['BAD_ARGUMENT', 'OUT_OF_RANGE']);

/** Where an error occurred, as fields; each is absent if it does not apply. */
export interface ErrorContext {
  /** Path of the file or folder. */
  readonly file?: string | undefined;
  /** Position in the file or message, from 0. */
  readonly byteOffset?: number | undefined;
  /** Line of a text file, from 1. */
  readonly line?: number | undefined;
  readonly url?: string | undefined;
  /** Name of the model. */
  readonly model?: string | undefined;
  /** Name of the backend: onnx, bpu or bpu_sim. */
  readonly backend?: string | undefined;
  readonly topic?: string | undefined;
  /** Source of a frame: its topic, or the path of its picture. */
  readonly source?: string | undefined;
  /** Parameter, option or key of a configuration file. */
  readonly parameter?: string | undefined;
  /** Name of a node or tensor of a model's graph. */
  readonly graphName?: string | undefined;
}

interface EffvitErrorOptions {
  readonly cause?: unknown;
  readonly context?: ErrorContext;
}

/**
 * The only error class that this package throws on purpose.
 *
 * The message is one sentence: what was received, where, and what to do about it. `context` repeats the place as
 * fields for programs. `cause` is the underlying error, if there is one.
 */
export class EffvitError extends Error {
  readonly code: EffvitErrorCode;
  #context: ErrorContext;

  constructor(code: EffvitErrorCode, message: string, { context = {}, ...options }: EffvitErrorOptions = {}) {
    super(message, options);
    this.name = 'EffvitError';
    this.code = code;
    this.#context = context;
  }

  get context(): ErrorContext {
    return this.#context;
  }

  /** Adds fields that only the caller knows; fields that are set already stay. */
  addContext(context: ErrorContext): this {
    this.#context = { ...context, ...this.#context };
    return this;
  }

  /** Exit code of the command line: 2 for wrong use, 1 where the work failed. */
  get exitCode(): 1 | 2 {
    return USAGE_CODES.has(this.code) ? 2 : 1;
  }
}

/**
 * Any thrown value as an {@link EffvitError}. An EffvitError is returned as it is, with `context` added; of any other
 * value the message follows `prefix` and a colon.
 */
export function asEffvitError(
  thrown: unknown,
  code: EffvitErrorCode = 'INTERNAL',
  prefix?: string,
  context: ErrorContext = {},
): EffvitError {
  if (thrown instanceof EffvitError) return thrown.addContext(context);
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new EffvitError(code, prefix === undefined ? reason : `${prefix}: ${reason}`, {
    cause: thrown,
    context,
  });
}

/** The error of a wrong argument or option, in one sentence. */
export function badArgument(message: string, context: ErrorContext = {}): EffvitError {
  return new EffvitError('BAD_ARGUMENT', message, { context });
}

/** An error about a file: the sentence is its path and `what`, which begins with a verb and has no full stop. */
export function fileError(code: EffvitErrorCode, path: string, what: string, cause?: unknown): EffvitError {
  return new EffvitError(code, `${path} ${what}.`, { context: { file: path }, cause });
}

/** Whether a system error says that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/**
 * The error of a file or folder that cannot be read.
 *
 * @param missing The sentence for a missing one (NOT_FOUND); everything else is IO_FAILED.
 */
export function readError(error: unknown, path: string, missing?: string): EffvitError {
  return missing !== undefined && isMissing(error)
    ? new EffvitError('NOT_FOUND', missing, { context: { file: path }, cause: error })
    : asEffvitError(error, 'IO_FAILED', `Cannot read ${path}`, { file: path });
}

/** The first line of a library's message without its full stop, so that it fits into a sentence. */
export function sentencePart(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/\s+/g, ' ').replace(/[.:]\s*$/, '');
}
