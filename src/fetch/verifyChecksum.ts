import { EffvitError, fileError } from '../core/EffvitError.js';
import type { ModelFileSource } from '../model/ModelManifest.js';
import type { TrustedFile } from '../model/TrustRecord.js';

/** How a file was verified: by the manifest, an earlier download, the publisher's header, or not (first use). */
export type VerifiedBy = 'manifest' | 'earlier_download' | 'publisher' | 'first_use';

export interface ChecksumEvidence {
  /** The file's path, for messages. */
  readonly path: string;
  readonly sha256: string;
  readonly source: ModelFileSource;
  readonly trusted: TrustedFile | undefined;
  /** From the publisher's response; absent for a file that is already present. */
  readonly publishedSha256?: string | undefined;
  readonly acceptChanged: boolean;
  /** The command that accepts a changed file, for the message. */
  readonly acceptCommand: string;
}

/**
 * Verifies a file against the manifest's checksum or, if it has none, against the first download (trust on first use).
 *
 * @throws EffvitError CHECKSUM_MISMATCH: with both checksums, and how to accept the file if that is possible.
 */
export function verifyChecksum(evidence: ChecksumEvidence): VerifiedBy {
  const { path, sha256, source, trusted, publishedSha256 } = evidence;
  if (source.sha256 !== undefined) {
    if (sha256 === source.sha256) return 'manifest';
    throw fileError(
      'CHECKSUM_MISMATCH',
      path,
      `has the sha256 ${sha256} where the manifest says ${source.sha256}: it is damaged or another version, so delete it if it is there and pull again, or correct the manifest`,
    );
  }
  if (publishedSha256 !== undefined && sha256 !== publishedSha256) {
    throw new EffvitError(
      'CHECKSUM_MISMATCH',
      `${source.url} arrived with the sha256 ${sha256} where its publisher says ${publishedSha256}: run the command again, or name another mirror in EFFVIT_MODEL_MIRROR.`,
      { context: { url: source.url } },
    );
  }
  if (trusted !== undefined && trusted.url === source.url) {
    if (trusted.sha256 === sha256) return 'earlier_download';
    if (!evidence.acceptChanged) {
      throw fileError(
        'CHECKSUM_MISMATCH',
        path,
        `is not what was first downloaded from ${trusted.url} on ${trusted.firstSeen.slice(0, 10)} (sha256 ${trusted.sha256}, now ${sha256}): if that change is expected, accept it with \`${evidence.acceptCommand}\`, else delete the file if it is there and pull from a source you trust`,
      );
    }
  }
  return publishedSha256 === undefined ? 'first_use' : 'publisher';
}
