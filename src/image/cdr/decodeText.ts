const utf8 = new TextDecoder();
const SHORT_BYTES = 64;

/**
 * The text in `bytes` from `start` to `end`, UTF-8. Frame ids and encodings are short ASCII; a call of TextDecoder
 * would take longer than reading all other fields of an image message.
 */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte > 0x7f || at - start > SHORT_BYTES) return utf8.decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}
