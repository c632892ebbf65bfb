/** A picture decoded by FFmpeg. */
export interface DecodedFrame {
  /** Number of its packet. */
  readonly number: number;
  readonly widthPx: number;
  readonly heightPx: number;
  /** rgb8, rows without gaps. */
  readonly data: Uint8Array;
}

const CHANNELS = 3;
/** The log line of the filter showinfo before each picture: `... n:   0 pts:      0 pts_time:0 ...`. */
const PICTURE_LINE = /\[info\] n: *\d+ pts: *(\d+) /;
const ERROR_LINE = /\[(?:error|fatal)\] (.+)$/;
const LONGEST_LINE = 4096;
/** Header of a portable pixmap as written by FFmpeg. */
const PIXMAP_HEADER = /^P6\n(\d+) (\d+)\n255\n/;
const LONGEST_HEADER_BYTES = 32;

/** Joins FFmpeg's pictures, consecutive portable pixmaps, with their numbers in its log, which has the same order. */
export class DecodedFrames {
  readonly #onFrame: (frame: DecodedFrame) => void;
  /** Numbers of the announced pictures that have not arrived. */
  readonly #announced: number[] = [];
  /** Pixels that arrived before their log line, or of an incomplete picture. */
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #line = '';

  constructor(onFrame: (frame: DecodedFrame) => void) {
    this.#onFrame = onFrame;
  }

  addPixels(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    this.#deliver();
  }

  /** @returns the errors among the lines. */
  addLog(chunk: Buffer): string[] {
    const lines = (this.#line + chunk.toString('latin1')).split('\n');
    this.#line = (lines.pop() ?? '').slice(-LONGEST_LINE);
    const errors: string[] = [];
    for (const line of lines) {
      const number = PICTURE_LINE.exec(line)?.[1];
      if (number !== undefined) this.#announced.push(Number(number));
      const error = ERROR_LINE.exec(line)?.[1];
      if (error !== undefined) errors.push(error.trim());
    }
    this.#deliver();
    return errors;
  }

  #deliver(): void {
    for (let number = this.#announced[0]; number !== undefined; number = this.#announced[0]) {
      const header = PIXMAP_HEADER.exec(this.#peek(LONGEST_HEADER_BYTES).toString('latin1'));
      if (header === null) return;
      const [widthPx = 0, heightPx = 0] = header.slice(1).map(Number);
      const headerBytes = header[0].length;
      const sizeBytes = CHANNELS * widthPx * heightPx;
      if (this.#chunkBytes < headerBytes + sizeBytes) return;
      this.#announced.shift();
      const data = this.#take(headerBytes + sizeBytes).subarray(headerBytes);
      this.#onFrame({ number, widthPx, heightPx, data });
    }
  }

  #peek(mostBytes: number): Buffer {
    const [first] = this.#chunks;
    if (first === undefined) return Buffer.alloc(0);
    if (first.length >= mostBytes || this.#chunks.length === 1) return first.subarray(0, mostBytes);
    return Buffer.concat(this.#chunks).subarray(0, mostBytes);
  }

  #take(sizeBytes: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : undefined;
    const joined = all ?? Buffer.concat(this.#chunks, this.#chunkBytes);
    const rest = joined.subarray(sizeBytes);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#chunkBytes = rest.length;
    return joined.subarray(0, sizeBytes);
  }
}
