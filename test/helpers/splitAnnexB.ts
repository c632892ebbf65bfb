/** Cuts an Annex B stream into access units, each of which begins with its delimiter. */
export function splitAnnexB(stream: Uint8Array, codec: 'h264' | 'hevc'): Uint8Array[] {
  const starts: number[] = [];
  for (let at = 0; at + 4 < stream.length; at += 1) {
    const isStart = stream[at] === 0 && stream[at + 1] === 0 && stream[at + 2] === 0 && stream[at + 3] === 1;
    const header = stream[at + 4] ?? 0;
    const isDelimiter = codec === 'h264' ? (header & 0x1f) === 9 : ((header >> 1) & 0x3f) === 35;
    if (isStart && isDelimiter) starts.push(at);
  }
  return starts.map((start, index) => stream.slice(start, starts[index + 1]));
}
