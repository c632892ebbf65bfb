interface AttemptDetails {
  readonly cause?: unknown;
  /** The HTTP status, where one came. */
  readonly status?: number;
  /** Delay that the server requested, milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Remedy for the user as part of a sentence; only with `fatal`. */
  readonly remedy?: string;
}

/**
 * One attempt at a download failed. `retry`: another may succeed; `offline`: nothing was reached at all;
 * `fatal`: the same would happen again. The message is a sentence part, e.g. `the server answered 503`.
 */
export class AttemptError extends Error {
  readonly kind: 'retry' | 'offline' | 'fatal';
  readonly details: AttemptDetails;

  constructor(kind: AttemptError['kind'], message: string, details: AttemptDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'AttemptError';
    this.kind = kind;
    this.details = details;
  }
}

/** An attempt that would fail again in the same way. */
export function fatalError(
  message: string,
  remedy = 'name a mirror in EFFVIT_MODEL_MIRROR',
  cause?: unknown,
): AttemptError {
  return new AttemptError('fatal', message, { remedy, cause });
}

/** What a code of undici or the system says, and whether nothing was reached at all. */
const FAILURES: Readonly<Record<string, readonly [words: string, kind?: 'offline']>> = {
  UND_ERR_CONNECT_TIMEOUT: ['it does not answer', 'offline'],
  UND_ERR_HEADERS_TIMEOUT: ['the server took the request but does not answer'],
  UND_ERR_BODY_TIMEOUT: ['the server stopped sending'],
  UND_ERR_SOCKET: ['the connection was cut'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['the server sent another length than it said'],
  ECONNRESET: ['the connection was cut'],
  EPIPE: ['the connection was cut'],
  ETIMEDOUT: ['the connection timed out'],
  EAI_AGAIN: ['its name cannot be looked up', 'offline'],
  ENOTFOUND: ['its name cannot be looked up', 'offline'],
  ECONNREFUSED: ['the connection is refused', 'offline'],
  EHOSTUNREACH: ['there is no route to it', 'offline'],
  ENETUNREACH: ['there is no network', 'offline'],
  ENETDOWN: ['', 'offline'],
  EADDRNOTAVAIL: ['', 'offline'],
};

/** Classifies an error of undici or the network by what to do about it. */
export function asAttemptError(error: unknown): AttemptError {
  if (error instanceof AttemptError) return error;
  const code = networkCode(error);
  const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const [known, kind = 'retry'] = FAILURES[code] ?? [];
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME)/.test(code)) {
    return fatalError(
      `the server's certificate is not accepted (${code})`,
      "name your network's certificate authority in NODE_EXTRA_CA_CERTS, or a mirror in EFFVIT_MODEL_MIRROR",
      error,
    );
  }
  if (/Proxy response \((\d+)\)/.test(message)) {
    return fatalError(
      `the proxy refuses the connection (${message})`,
      'correct HTTPS_PROXY or HTTP_PROXY, or name the host in NO_PROXY',
      error,
    );
  }
  return new AttemptError(kind, known || message || 'the connection failed', { cause: error });
}

/** The code of an error, of its cause, or of the first of several tries (several addresses of one host); or ''. */
function networkCode(error: unknown): string {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; depth++) {
    const code = (current as NodeJS.ErrnoException).code;
    if (typeof code === 'string') return code;
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return '';
}
