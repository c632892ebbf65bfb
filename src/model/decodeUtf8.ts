import { EffvitError, type EffvitErrorCode } from '../core/EffvitError.js';

/** UTF-8 with or without a byte order mark. @throws EffvitError with `code` if it is another encoding. */
export function decodeUtf8(bytes: Uint8Array, path: string, code: EffvitErrorCode): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new EffvitError(code, `${path} is not UTF-8 text: save it as UTF-8.`, {
      context: { file: path },
      cause: error,
    });
  }
}
