import { EventEmitter, once } from 'node:events';
import { MAX_REORDERED_FRAMES, VideoDecoder } from '../video/VideoDecoder.js';
import type { VideoPacket } from '../video/VideoPacket.js';
import type { BagImage, BagMessageProblem } from './BagFile.js';

type Result = BagImage | BagMessageProblem;

/** A decoder without output for this time is stopped. */
const SILENCE_LIMIT_MS = 30_000;

/**
 * Decodes a recorded video. Each picture is returned {@link MAX_REORDERED_FRAMES} packets after its own packet was
 * added, regardless of the decoding speed, so that a recording gives the same pictures in the same order each time.
 */
export class BagVideo {
  readonly #decoder: VideoDecoder;
  /** Numbers and log times of the packets in the decoder. */
  readonly #packets = new Map<VideoPacket, { readonly number: number; readonly logTimeNs: bigint }>();
  readonly #results = new Map<number, Result>();
  readonly #events = new EventEmitter();
  #addedCount = 0;
  #givenCount = 0;

  constructor(topic: string) {
    this.#decoder = new VideoDecoder({
      source: topic,
      onFrame: (frame, packet) => this.#settle(packet, (logTimeNs) => ({ kind: 'image', frame, logTimeNs })),
      onProblem: (packet, error) =>
        this.#settle(packet, (logTimeNs) => ({ kind: 'problem', topic, logTimeNs, error })),
    });
  }

  /** Takes the next packet. @returns the result of the oldest packet, if it is due. */
  async add(packet: VideoPacket, logTimeNs: bigint): Promise<readonly Result[]> {
    this.#packets.set(packet, { number: this.#addedCount, logTimeNs });
    this.#addedCount += 1;
    this.#decoder.push(packet);
    return this.#giveUpTo(this.#addedCount - MAX_REORDERED_FRAMES);
  }

  /** @returns the results of all remaining packets. */
  async end(): Promise<readonly Result[]> {
    await this.#decoder.flush();
    return this.#giveUpTo(this.#addedCount);
  }

  close(): void {
    this.#decoder.close();
  }

  #settle(packet: VideoPacket, result: (logTimeNs: bigint) => Result): void {
    const entry = this.#packets.get(packet);
    if (entry === undefined) return;
    this.#packets.delete(packet);
    this.#results.set(entry.number, result(entry.logTimeNs));
    this.#events.emit('settled');
  }

  async #giveUpTo(count: number): Promise<readonly Result[]> {
    const given: Result[] = [];
    while (this.#givenCount < count) {
      const result = this.#results.get(this.#givenCount);
      if (result === undefined) {
        await this.#oneSettled();
        continue;
      }
      this.#results.delete(this.#givenCount);
      this.#givenCount += 1;
      given.push(result);
    }
    return given;
  }

  async #oneSettled(): Promise<void> {
    const settled = once(this.#events, 'settled', { signal: AbortSignal.timeout(SILENCE_LIMIT_MS) });
    // Flushing settles every packet.
    await settled.catch(() => this.#decoder.flush());
  }
}
