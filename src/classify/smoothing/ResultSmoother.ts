import { SmoothedStream, type SmoothedView, type SmoothingSettings } from './SmoothedStream.js';

/** Most streams that are kept: cameras are few, but tracks appear and disappear. */
const MOST_STREAMS = 1000;

/** Smooths many streams; the key is a camera's name, or that of a track in it. */
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

  /** Resets every stream. */
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
