import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Dispatcher } from 'undici';
import { defined } from '../core/defined.js';
import { EffvitError } from '../core/EffvitError.js';
import { sha256File } from '../core/sha256File.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import type { BpuChip } from '../model/BpuChip.js';
import type { ModelFileSource, ModelManifest } from '../model/ModelManifest.js';
import { describeKind, type ModelFileKind, type ModelFileStatus, pullCommand } from '../model/modelFiles.js';
import { readTrustRecord, TRUST_RECORD_NAME } from '../model/TrustRecord.js';
import { checkContent } from './checkContent.js';
import { downloadFile } from './downloadFile.js';
import type { FetchLimits } from './FetchLimits.js';
import { mirroredUrl } from './mirroredUrl.js';
import { PartFile } from './PartFile.js';
import type { OnPullProgress } from './PullProgress.js';
import { proxyName } from './proxyFromEnv.js';
import { type VerifiedBy, verifyChecksum } from './verifyChecksum.js';

/** One file after a pull. */
export interface PulledFile {
  readonly kind: ModelFileKind;
  readonly chip?: BpuChip;
  readonly path: string;
  readonly lengthBytes: number;
  readonly sha256: string;
  readonly action: 'downloaded' | 'present' | 'built';
  /** Absent for a built file and for one that ships with its model. */
  readonly verifiedBy?: VerifiedBy;
  /** Bytes that an earlier, interrupted pull had left. */
  readonly resumedFromBytes?: number;
}

export interface PullFileOptions {
  readonly manifest: ModelManifest;
  readonly env: NodeJS.ProcessEnv;
  readonly dispatcher: Dispatcher;
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
  readonly onProgress: OnPullProgress;
  readonly acceptChanged: boolean;
}

/**
 * Checks a file that is present, downloads one that is not. Called with the model's lock held.
 *
 * @throws EffvitError NOT_FOUND (absent, and the manifest has no address), DOWNLOAD_FAILED,
 *   CHECKSUM_MISMATCH, IO_FAILED, CANCELLED.
 */
export async function pullFile(status: ModelFileStatus, options: PullFileOptions): Promise<PulledFile> {
  const { source, path, kind, chip } = status;
  const { manifest } = options;
  if (source === undefined || (!status.isPresent && source.url === undefined)) {
    throw new EffvitError(
      'NOT_FOUND',
      `The ${describeKind(kind, chip)} of ${manifest.name} has no address to get it from: ${status.remedy}.`,
      { context: { model: manifest.name } },
    );
  }
  if (status.isPresent) return checkPresent(status, source, options);

  const part = new PartFile(path);
  const { publishedSha256, resumedFromBytes } = await download(part, path, source, options);
  options.onProgress({ phase: 'checking', file: basename(path) });
  const sha256 = await sha256File(part.path, options.signal);
  const lengthBytes = await part.lengthBytes();
  let verifiedBy: VerifiedBy;
  try {
    await checkContent(part.path, basename(path), kind, source.url ?? '');
    verifiedBy = await verifyAndRecord(path, { sha256, lengthBytes, source, publishedSha256 }, options);
  } catch (error) {
    // A refused file is not continued later.
    if (error instanceof EffvitError && error.code !== 'IO_FAILED') await part.discard();
    throw error;
  }
  await rename(part.path, path);
  await part.discard();
  const file = { kind, chip, path, lengthBytes, sha256, action: 'downloaded', verifiedBy } as const;
  return defined({ ...file, resumedFromBytes: resumedFromBytes || undefined });
}

async function download(
  part: PartFile,
  targetPath: string,
  source: ModelFileSource,
  options: PullFileOptions,
): Promise<{ publishedSha256: string | undefined; resumedFromBytes: number }> {
  const file = basename(targetPath);
  const { dispatcher, limits, signal, onProgress } = options;
  const url = mirroredUrl(source.url ?? '', options.env);
  return downloadFile({
    url,
    proxy: proxyName(url, options.env),
    part,
    targetPath,
    expectedBytes: source.lengthBytes,
    dispatcher,
    limits,
    signal,
    onBytes: (receivedBytes, totalBytes, resumedFromBytes) =>
      onProgress(defined({ phase: 'downloading', file, receivedBytes, resumedFromBytes, totalBytes })),
    onRetry: (attempt, delayMs, reason) => onProgress({ phase: 'retrying', file, attempt, delayMs, reason }),
  });
}

async function checkPresent(
  status: ModelFileStatus,
  source: ModelFileSource,
  options: PullFileOptions,
): Promise<PulledFile> {
  const { path, kind, chip } = status;
  options.onProgress({ phase: 'checking', file: basename(path) });
  const sha256 = await sha256File(path, options.signal);
  const lengthBytes = status.lengthBytes ?? 0;
  const common = defined({ kind, chip, path, lengthBytes, sha256, action: 'present' });
  // A file beside its manifest was not downloaded; only the manifest's own checksum applies to it.
  if (status.location === 'model' && source.sha256 === undefined) return common;
  await checkContent(path, basename(path), kind, path);
  const verifiedBy = await verifyAndRecord(path, { sha256, lengthBytes, source }, options);
  return { ...common, verifiedBy };
}

interface ReadFile {
  readonly sha256: string;
  readonly lengthBytes: number;
  readonly source: ModelFileSource;
  readonly publishedSha256?: string | undefined;
}

/** Verifies the checksum and, if it is new, adds it to the trust record of the cache folder. */
async function verifyAndRecord(path: string, file: ReadFile, options: PullFileOptions): Promise<VerifiedBy> {
  const { sha256, lengthBytes, source } = file;
  const folder = dirname(path);
  const name = basename(path);
  const record = source.sha256 === undefined ? await readTrustRecord(folder) : {};
  const verifiedBy = verifyChecksum({
    ...file,
    path,
    trusted: record[name],
    acceptChanged: options.acceptChanged,
    acceptCommand: `${pullCommand(options.manifest)} --accept-changed`,
  });
  if (verifiedBy === 'first_use' || verifiedBy === 'publisher') {
    const trusted = { url: source.url ?? '', lengthBytes, sha256, firstSeen: new Date().toISOString() };
    const text = JSON.stringify({ ...record, [name]: trusted }, undefined, 2);
    await writeFileAtomic(join(folder, TRUST_RECORD_NAME), `${text}\n`);
  }
  return verifiedBy;
}
