import { open, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EffvitError } from '../core/EffvitError.js';
import { AttemptError, asAttemptError, fatalError } from './AttemptError.js';
import { type OpenOptions, type OpenResponse, openResponse } from './openResponse.js';
import { type PartFile, type PartialDownload, rangeValidator } from './PartFile.js';

export interface AttemptOptions extends OpenOptions {
  readonly url: string;
  readonly part: PartFile;
  /** From the manifest; another length is refused before anything is read. */
  readonly expectedBytes: number | undefined;
  readonly onBytes: (receivedBytes: number, totalBytes: number | undefined, resumedFromBytes: number) => void;
}

export interface AttemptResult {
  readonly publishedSha256: string | undefined;
  readonly resumedFromBytes: number;
}

/**
 * One request: continues the partial file if the server agrees, else restarts it. Afterwards the partial file is
 * complete, with the length that the server stated.
 *
 * @throws AttemptError (the partial file stays if it can be continued), EffvitError IO_FAILED (the disk).
 */
export async function downloadAttempt(options: AttemptOptions): Promise<AttemptResult> {
  const { part, url } = options;
  const left = await part.resumable(url);
  if (left !== undefined && left.lengthBytes === left.state.totalBytes) {
    // The process ended between the last byte and the check.
    return { publishedSha256: left.state.publishedSha256, resumedFromBytes: left.lengthBytes };
  }
  const validator = left && rangeValidator(left.state);
  const headers =
    validator === undefined ? {} : { range: `bytes=${left?.lengthBytes}-`, 'if-range': validator };
  let response: OpenResponse;
  try {
    response = await openResponse(url, options, headers);
  } catch (error) {
    // 416: the partial file is not shorter than the file, but may be of another version.
    if (error instanceof AttemptError && error.details.status === 416) await part.discard();
    throw error;
  }
  try {
    const plan = await planBody(response, left, options);
    await writeBody(response, plan, options);
    const publishedSha256 =
      response.publishedSha256 ?? (plan.startBytes > 0 ? left?.state.publishedSha256 : undefined);
    return { publishedSha256, resumedFromBytes: plan.startBytes };
  } finally {
    // The rest of a refused or failed body is not read.
    response.body.on('error', () => undefined).destroy();
  }
}

interface BodyPlan {
  readonly startBytes: number;
  readonly totalBytes: number | undefined;
}

async function planBody(
  response: OpenResponse,
  left: PartialDownload | undefined,
  { part, url, expectedBytes, limits }: AttemptOptions,
): Promise<BodyPlan> {
  let startBytes = 0;
  let statedBytes = wholeNumber(response.header('content-length'));
  if (response.status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.header('content-range') ?? '');
    const total = wholeNumber(range?.[2]);
    const known = left?.state.totalBytes;
    statedBytes = total ?? known;
    if (
      left === undefined ||
      left.lengthBytes !== wholeNumber(range?.[1]) ||
      statedBytes !== (known ?? total)
    ) {
      await part.discard();
      throw new AttemptError('retry', 'the server sent another part of the file than asked for');
    }
    startBytes = left.lengthBytes;
  }
  const totalBytes = statedBytes ?? expectedBytes;
  if (expectedBytes !== undefined && totalBytes !== expectedBytes) {
    await part.discard();
    throw fatalError(
      `the server has ${totalBytes} bytes where the manifest says ${expectedBytes}`,
      'the server has another version, so correct the manifest or name a mirror in EFFVIT_MODEL_MIRROR',
    );
  }
  if (totalBytes !== undefined && totalBytes > limits.maxBytes) {
    throw fatalError(
      `the server offers ${totalBytes} bytes, more than any model has`,
      'correct the url in the manifest',
    );
  }
  if (totalBytes !== undefined) await refuseFullDisk(part.path, totalBytes - startBytes);
  if (startBytes === 0) {
    const etag = response.header('etag');
    const lastModified = response.header('last-modified');
    const { publishedSha256 } = response;
    await part.begin({ url, etag, lastModified, totalBytes, publishedSha256 });
  }
  return { startBytes, totalBytes };
}

async function writeBody(response: OpenResponse, plan: BodyPlan, options: AttemptOptions): Promise<void> {
  const limitBytes = plan.totalBytes ?? options.limits.maxBytes;
  let receivedBytes = plan.startBytes;
  const onDiskError = (error: unknown): never => {
    throw diskError(error, options.part.path, receivedBytes);
  };
  const handle = await open(options.part.path, plan.startBytes === 0 ? 'w' : 'a').catch(onDiskError);
  try {
    const report = (): void => options.onBytes(receivedBytes, plan.totalBytes, plan.startBytes);
    report();
    for await (const piece of bodyPieces(response, options.signal)) {
      if (receivedBytes + piece.length > limitBytes) {
        throw new AttemptError('retry', `the server sends more than ${limitBytes} bytes`);
      }
      await handle.writeFile(piece).catch(onDiskError);
      receivedBytes += piece.length;
      report();
    }
    await handle.sync().catch(onDiskError);
  } finally {
    await handle.close();
  }
  if (plan.totalBytes !== undefined && receivedBytes !== plan.totalBytes) {
    throw new AttemptError('retry', `the server sent ${receivedBytes} of ${plan.totalBytes} bytes`);
  }
}

/** The chunks of the body. Network errors become AttemptErrors, to distinguish them from disk errors. */
async function* bodyPieces(response: OpenResponse, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const piece of response.body) yield piece as Buffer;
  } catch (error) {
    throw signal.aborted ? error : asAttemptError(error);
  }
}

async function refuseFullDisk(path: string, neededBytes: number): Promise<void> {
  const disk = await statfs(dirname(path)).catch(() => undefined);
  // Some file systems (FUSE, overlays) report nothing: zero blocks in all.
  if (disk === undefined || disk.blocks === 0) return;
  const freeBytes = disk.bavail * disk.bsize;
  if (freeBytes >= neededBytes) return;
  throw new EffvitError(
    'IO_FAILED',
    `${dirname(path)} has ${freeBytes} bytes free but the download needs ${neededBytes}: free some space or set EFFVIT_CACHE to another disk.`,
    { context: { file: dirname(path) } },
  );
}

function diskError(error: unknown, path: string, writtenBytes: number): EffvitError {
  const code = (error as NodeJS.ErrnoException).code;
  const reason =
    code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' ? `the disk is full (${code})` : String(code);
  return new EffvitError(
    'IO_FAILED',
    `Cannot write ${path} after ${writtenBytes} bytes, ${reason}: free some space or set EFFVIT_CACHE to another disk, then run the command again and it continues.`,
    { context: { file: path }, cause: error },
  );
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
