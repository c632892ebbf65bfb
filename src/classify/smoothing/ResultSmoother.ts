import { SmoothedStream, type SmoothedView, type SmoothingSettings } from './SmoothedStream.js';

/** Streams that are kept: cameras are few, but tracks come and go. */
const MOST_STREAMS = 1000;

/** Smooths many streams, each by its key: a camera's name, or that of a track in it. */
export class ResultSmoother {
  #settings: SmoothingSettings;
  /** The longest unused first. */
  readonly #streams = new Map<string, SmoothedStream>();

  constructor(settings: SmoothingSettings) {
    this.#settings = settings;
  }

  /** From the next frame on. */
  configure(settings: SmoothingSettings): void {
    this.#settings = settings;
    for (const stream of this.#streams.values()) stream.configure(settings);
  }

  /** Every stream begins anew. */
  clear(): void {
    this.#streams.clear();
  }

  /** See {@link SmoothedStream.take}. */
  take(key: string, scores: Float64Array | undefined, stampNs: bigint): SmoothedView | undefined {
    const stream = this.#streams.get(key) ?? new SmoothedStream(this.#settings);
    this.#streams.delete(key);
    this.#streams.set(key, stream);
    if (this.#streams.size > MOST_STREAMS) {
      const [oldest] = this.#streams.keys();
      if (oldest !== undefined) this.#streams.delete(oldest);
    }
    return stream.take(scores, stampNs);
  }
}
