import { open } from 'node:fs/promises';
import { EffvitError } from '../../core/EffvitError.js';
import { describeKind, type ModelFileKind } from '../../model/modelFiles.js';

const HEAD_BYTES = 512;

/**
 * Refuses what is plainly no model, so that a login page or a Git LFS pointer is never trusted as the first
 * version of a file: text of any kind, and safetensors whose header does not fit the file.
 *
 * @throws EffvitError DOWNLOAD_FAILED.
 */
export async function checkContent(path: string, kind: ModelFileKind, url: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    if (bytesRead < 16 || isText(head) || (path.includes('.safetensors') && !isSafetensors(head, size))) {
      const shown = JSON.stringify(head.subarray(0, 40).toString('latin1'));
      throw new EffvitError(
        'DOWNLOAD_FAILED',
        `${url} gives ${size} bytes that are no ${describeKind(kind)} (they begin with ${shown}): correct the url, or name a mirror in EFFVIT_MODEL_MIRROR.`,
      );
    }
  } finally {
    await handle.close();
  }
}

function isText(head: Uint8Array): boolean {
  return head.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte !== 127));
}

/** Eight bytes with the length of a JSON header (little-endian), then that header, then the tensors. */
function isSafetensors(head: Buffer, fileBytes: number): boolean {
  return head.readBigUInt64LE(0) <= BigInt(fileBytes - 8) && head[8] === 0x7b;
}
