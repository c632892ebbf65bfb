import { readFile, rename, rm, stat } from 'node:fs/promises';
import { z } from 'zod';
import { writeFileAtomic } from '../core/writeFileAtomic.js';

const schema = z.strictObject({
  url: z.string(),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  totalBytes: z.number().optional(),
  publishedSha256: z.string().optional(),
});

/** Origin of a partial download: it can be continued only while the server's file is unchanged. */
export type PartState = z.output<typeof schema>;

/** What an earlier attempt left. */
export interface PartialDownload {
  readonly lengthBytes: number;
  readonly state: PartState;
}

/** A download that is not complete: `<file>.part` with the bytes, `<file>.part.json` with their origin. */
export class PartFile {
  readonly targetPath: string;
  readonly path: string;
  readonly #statePath: string;

  constructor(targetPath: string) {
    this.targetPath = targetPath;
    this.path = `${targetPath}.part`;
    this.#statePath = `${this.path}.json`;
  }

  /** Bytes on disk. */
  async lengthBytes(): Promise<number> {
    const info = await stat(this.path).catch(() => undefined);
    return info?.size ?? 0;
  }

  /** The partial file of an earlier attempt from the same address; one that cannot be continued is removed. */
  async resumable(url: string): Promise<PartialDownload | undefined> {
    const lengthBytes = await this.lengthBytes();
    const state = await this.#readState();
    if (lengthBytes > 0 && state?.url === url && rangeValidator(state) !== undefined) {
      return { lengthBytes, state };
    }
    await this.discard();
    return undefined;
  }

  async begin(state: PartState): Promise<void> {
    await rm(this.path, { force: true });
    await writeFileAtomic(this.#statePath, JSON.stringify(state));
  }

  /** Makes the complete download the file. */
  async finish(): Promise<void> {
    await rename(this.path, this.targetPath);
    await this.discard();
  }

  async discard(): Promise<void> {
    await rm(this.path, { force: true });
    await rm(this.#statePath, { force: true });
  }

  async #readState(): Promise<PartState | undefined> {
    try {
      return schema.parse(JSON.parse(await readFile(this.#statePath, 'utf8')));
    } catch {
      return undefined;
    }
  }
}

/** The value for If-Range: a strong ETag, else the date (RFC 9110, 13.1.5 allows no weak ETag). */
export function rangeValidator(state: PartState): string | undefined {
  if (state.etag?.startsWith('"')) return state.etag;
  return state.lastModified;
}
