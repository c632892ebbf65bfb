import { stat } from 'node:fs/promises';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { firstBytesOf } from '../core/readInput.js';
import { describeKind, type ModelFileKind } from '../model/modelFiles.js';
import { readSafetensorsHeader } from '../weights/readSafetensors.js';

const HEAD_BYTES = 512;

/**
 * Refuses content that is obviously no model (text, or safetensors whose header does not fit the file), so that a login
 * page or a Git LFS pointer is never trusted as the first version of a file.
 *
 * @param file Its final name; `path` may be a partial file.
 * @param from Its origin, for messages.
 * @throws EffvitError DOWNLOAD_FAILED.
 */
export async function checkContent(
  path: string,
  file: string,
  kind: ModelFileKind,
  from: string,
): Promise<void> {
  const remedy = 'correct the url in the manifest, or name a mirror in EFFVIT_MODEL_MIRROR';
  const { size: lengthBytes } = await stat(path);
  const head = (await firstBytesOf(path, HEAD_BYTES)) ?? Buffer.alloc(0);
  if (isText(head)) {
    const shown = JSON.stringify(head.subarray(0, 40).toString('latin1'));
    throw new EffvitError(
      'DOWNLOAD_FAILED',
      `${from} gives ${lengthBytes} bytes that are no ${describeKind(kind)} (they begin with ${shown}): ${remedy}.`,
    );
  }
  if (!file.endsWith('.safetensors')) return;
  try {
    await readSafetensorsHeader(path);
  } catch (error) {
    const reason = asEffvitError(error).message.replace(/\.$/, '');
    throw new EffvitError(
      'DOWNLOAD_FAILED',
      `${from} gives no ${describeKind(kind)} (${reason}): ${remedy}.`,
      {
        cause: error,
      },
    );
  }
}

/** Also true for no bytes. */
function isText(head: Uint8Array): boolean {
  return head.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte !== 127));
}
