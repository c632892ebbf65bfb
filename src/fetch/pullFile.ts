import { basename, dirname, join } from 'node:path';
import { asEffvitError, EffvitError, fileError } from '../core/EffvitError.js';
import { firstBytes, withInput } from '../core/readInput.js';
import { sha256File } from '../core/sha256File.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import type { BpuChip } from '../model/BpuChip.js';
import type { ModelFileSource, ModelManifest } from '../model/ModelManifest.js';
import { describeKind, type ModelFileKind, type ModelFileStatus, pullCommand } from '../model/modelFiles.js';
import { readTrustRecord, TRUST_RECORD_NAME } from '../model/TrustRecord.js';
import { readSafetensorsHeader } from '../weights/readSafetensors.js';
import { downloadFile } from './downloadFile.js';
import type { FetchLimits } from './FetchLimits.js';
import { mirroredUrl } from './mirroredUrl.js';

/** Of a file whose content is checked. */
const START_BYTES = 512;

/** What a pull is doing, for a progress bar; `file` is the file's name. */
export type PullProgress =
  /** Another process pulls the same model. */
  | { readonly phase: 'waiting' }
  | {
      readonly phase: 'downloading';
      readonly file: string;
      /** Bytes on disk, those of an earlier, interrupted pull included. */
      readonly receivedBytes: number;
      /** Absent if the server does not say. */
      readonly totalBytes?: number | undefined;
      readonly resumedFromBytes: number;
    }
  | {
      readonly phase: 'retrying';
      readonly file: string;
      /** The attempt that comes next, 2 is the first retry. */
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
    }
  | { readonly phase: 'checking'; readonly file: string }
  | { readonly phase: 'building'; readonly file: string };

export type OnPullProgress = (progress: PullProgress) => void;

/** How a file was verified: by the manifest, an earlier download, the publisher's header, or not (first use). */
export type VerifiedBy = 'manifest' | 'earlier_download' | 'publisher' | 'first_use';

/** One file after a pull. */
export interface PulledFile {
  readonly kind: ModelFileKind;
  readonly chip?: BpuChip | undefined;
  readonly path: string;
  readonly lengthBytes: number;
  readonly sha256: string;
  readonly action: 'downloaded' | 'present' | 'built';
  /** Absent for a built file and for one that ships with its model. */
  readonly verifiedBy?: VerifiedBy;
  /** Bytes that an earlier, interrupted pull had left. */
  readonly resumedFromBytes?: number | undefined;
}

export interface PullFileOptions {
  readonly manifest: ModelManifest;
  readonly env: NodeJS.ProcessEnv;
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
  readonly onProgress: OnPullProgress;
  /** Accept a file that differs from the first download, and trust it from now on. */
  readonly acceptChanged: boolean;
}

/**
 * Checks a file that is present, downloads one that is not. Called with the model's lock held.
 *
 * @throws EffvitError NOT_FOUND (absent, and the manifest has no address), DOWNLOAD_FAILED,
 *   CHECKSUM_MISMATCH, IO_FAILED, CANCELLED, BAD_CONFIG (a proxy or mirror that is no address).
 */
export async function pullFile(status: ModelFileStatus, options: PullFileOptions): Promise<PulledFile> {
  const { source, path, kind, chip } = status;
  const { manifest, env, limits, signal, onProgress } = options;
  if (status.isPresent && source !== undefined) return checkPresent(status, source, options);
  if (source?.url === undefined) {
    throw new EffvitError(
      'NOT_FOUND',
      `The ${describeKind(kind, chip)} of ${manifest.name} has no address to get it from: ${status.remedy}.`,
      { context: { model: manifest.name } },
    );
  }
  const file = basename(path);
  const { part, publishedSha256, resumedFromBytes } = await downloadFile({
    url: mirroredUrl(source.url, env),
    targetPath: path,
    expectedBytes: source.lengthBytes,
    env,
    limits,
    signal,
    onBytes: (receivedBytes, totalBytes, resumedFromBytes) =>
      onProgress({ phase: 'downloading', file, receivedBytes, resumedFromBytes, totalBytes }),
    onRetry: (attempt, delayMs, reason) => onProgress({ phase: 'retrying', file, attempt, delayMs, reason }),
  });
  onProgress({ phase: 'checking', file });
  const sha256 = await sha256File(part.path, signal);
  const lengthBytes = await part.lengthBytes();
  let verifiedBy: VerifiedBy;
  try {
    await checkContent(part.path, file, kind, source.url);
    verifiedBy = await verifyAndRecord(path, { sha256, lengthBytes, source, publishedSha256 }, options);
  } catch (error) {
    // A refused file is not continued later.
    if (error instanceof EffvitError && error.code !== 'IO_FAILED') await part.discard();
    throw error;
  }
  await part.finish();
  const common = { kind, chip, path, lengthBytes, sha256, action: 'downloaded', verifiedBy } as const;
  return { ...common, resumedFromBytes: resumedFromBytes || undefined };
}

async function checkPresent(
  { path, kind, chip, location, lengthBytes = 0 }: ModelFileStatus,
  source: ModelFileSource,
  options: PullFileOptions,
): Promise<PulledFile> {
  options.onProgress({ phase: 'checking', file: basename(path) });
  const sha256 = await sha256File(path, options.signal);
  const common = { kind, chip, path, lengthBytes, sha256, action: 'present' } as const;
  // A file beside its manifest was not downloaded; only the manifest's own checksum applies to it.
  if (location === 'model' && source.sha256 === undefined) return common;
  await checkContent(path, basename(path), kind, path);
  return { ...common, verifiedBy: await verifyAndRecord(path, { sha256, lengthBytes, source }, options) };
}

interface ReadFile {
  readonly sha256: string;
  readonly lengthBytes: number;
  readonly source: ModelFileSource;
  /** From the publisher's response; absent for a file that is already present. */
  readonly publishedSha256?: string | undefined;
}

/**
 * Verifies a file against the manifest's checksum or, if it has none, against the first download (trust on first use),
 * and adds a new checksum to the trust record of the cache folder.
 *
 * @throws EffvitError CHECKSUM_MISMATCH: with both checksums, and how to accept the file if that is possible.
 */
async function verifyAndRecord(
  path: string,
  { sha256, lengthBytes, source, publishedSha256 }: ReadFile,
  { acceptChanged, manifest }: PullFileOptions,
): Promise<VerifiedBy> {
  if (source.sha256 !== undefined) {
    if (sha256 === source.sha256) return 'manifest';
    throw fileError(
      'CHECKSUM_MISMATCH',
      path,
      `has the sha256 ${sha256} where the manifest says ${source.sha256}: it is damaged or another version, so delete it if it is there and pull again, or correct the manifest`,
    );
  }
  const record = await readTrustRecord(dirname(path));
  if (publishedSha256 !== undefined && sha256 !== publishedSha256) {
    throw new EffvitError(
      'CHECKSUM_MISMATCH',
      `${source.url} arrived with the sha256 ${sha256} where its publisher says ${publishedSha256}: run the command again, or name another mirror in EFFVIT_MODEL_MIRROR.`,
      { context: { url: source.url } },
    );
  }
  const trusted = record[basename(path)];
  if (trusted !== undefined && trusted.url === source.url) {
    if (trusted.sha256 === sha256) return 'earlier_download';
    if (!acceptChanged) {
      throw fileError(
        'CHECKSUM_MISMATCH',
        path,
        `is not what was first downloaded from ${trusted.url} on ${trusted.firstSeen.slice(0, 10)} (sha256 ${trusted.sha256}, now ${sha256}): if that change is expected, accept it with \`${pullCommand(manifest)} --accept-changed\`, else delete the file if it is there and pull from a source you trust`,
      );
    }
  }
  const first = { url: source.url ?? '', lengthBytes, sha256, firstSeen: new Date().toISOString() };
  const text = JSON.stringify({ ...record, [basename(path)]: first }, undefined, 2);
  await writeFileAtomic(join(dirname(path), TRUST_RECORD_NAME), `${text}\n`);
  return publishedSha256 === undefined ? 'first_use' : 'publisher';
}

/**
 * Refuses content that is obviously no model (text, or safetensors whose header does not fit the file), so that a login
 * page or a Git LFS pointer is never trusted as the first version of a file.
 *
 * @param file Its final name; `path` may be a partial file.
 * @param from Its origin, for messages.
 * @throws EffvitError DOWNLOAD_FAILED.
 */
async function checkContent(path: string, file: string, kind: ModelFileKind, from: string): Promise<void> {
  const refuse = (what: string, cause?: unknown): EffvitError => {
    const remedy = 'correct the url in the manifest, or name a mirror in EFFVIT_MODEL_MIRROR';
    return new EffvitError('DOWNLOAD_FAILED', `${from} gives ${what}: ${remedy}.`, { cause });
  };
  const { size, start } = await withInput(path, undefined, async (handle) => ({
    size: (await handle.stat()).size,
    start: await firstBytes(handle, START_BYTES),
  }));
  if (isText(start)) {
    const shown = JSON.stringify(start.subarray(0, 40).toString('latin1'));
    throw refuse(`${size} bytes that are no ${describeKind(kind)} (they begin with ${shown})`);
  }
  if (!file.endsWith('.safetensors')) return;
  await readSafetensorsHeader(path).catch((error: unknown) => {
    throw refuse(`no ${describeKind(kind)} (${asEffvitError(error).message.replace(/\.$/, '')})`, error);
  });
}

/** Also true for no bytes. */
function isText(start: Uint8Array): boolean {
  return start.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte !== 127));
}
