/** A well-formed safetensors file of about `bytes` bytes, the same for the same seed. */
export function fakeSafetensors(bytes: number, seed = 1): Buffer {
  const length = Math.max(1, bytes - 100);
  const header = JSON.stringify({ weights: { dtype: 'U8', shape: [length], data_offsets: [0, length] } });
  const file = Buffer.alloc(8 + header.length + length);
  file.writeBigUInt64LE(BigInt(header.length), 0);
  file.write(header, 8);
  let state = seed;
  for (let i = 8 + header.length; i < file.length; i++) {
    // Park and Miller's generator: the content only has to look like no text and differ by seed.
    state = (state * 48271) % 2147483647;
    file[i] = state & 0xff;
  }
  return file;
}
