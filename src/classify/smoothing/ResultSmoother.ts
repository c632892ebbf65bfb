import { SmoothedStream, type SmoothedView, type SmoothingOptions } from './SmoothedStream.js';

/** Most streams that are kept, over all sources: tracks appear and disappear. */
export const MOST_STREAMS = 4096;

/** The stream of whole frames, used instead of a track. */
const WHOLE_FRAMES = '';

/** The streams of one source by track, the longest unused first. */
type SourceStreams = Map<string, SmoothedStream>;

/** Smooths many streams: the frames of each camera, and in them the regions of each track. */
export class ResultSmoother {
  #options: SmoothingOptions;
  /** The source that was unused for longest first. */
  readonly #sources = new Map<string, SourceStreams>();
  #count = 0;

  constructor(options: SmoothingOptions) {
    this.#options = options;
  }

  /** Number of streams that are kept. */
  get streamCount(): number {
    return this.#count;
  }

  /** From the next frame on. */
  configure(options: SmoothingOptions): void {
    this.#options = options;
    for (const streams of this.#sources.values()) {
      for (const stream of streams.values()) stream.configure(options);
    }
  }

  /** Resets every stream. */
  clear(): void {
    this.#sources.clear();
    this.#count = 0;
  }

  /**
   * See {@link SmoothedStream.take}. Streams of the source that end here, since a gap has passed without a frame of
   * theirs, are forgotten.
   *
   * @param track id of a region's track in its source; absent for a whole frame.
   */
  take(
    source: string,
    scores: Float64Array | undefined,
    stampNs: bigint,
    track = WHOLE_FRAMES,
  ): SmoothedView | undefined {
    const streams: SourceStreams = this.#sources.get(source) ?? new Map();
    renew(this.#sources, source, streams);
    const known = streams.get(track);
    const stream = known ?? new SmoothedStream(this.#options);
    renew(streams, track, stream);
    if (known === undefined) this.#count += 1;
    const view = stream.take(scores, stampNs);
    this.#forgetEnded(streams, stampNs);
    if (this.#count > MOST_STREAMS) this.#forgetOldest();
    return view;
  }

  #forgetEnded(streams: SourceStreams, stampNs: bigint): void {
    for (const [track, stream] of streams) {
      if (!stream.hasEnded(stampNs)) return;
      streams.delete(track);
      this.#count -= 1;
    }
  }

  #forgetOldest(): void {
    for (const [source, streams] of this.#sources) {
      for (const track of streams.keys()) {
        streams.delete(track);
        this.#count -= 1;
        return;
      }
      this.#sources.delete(source);
    }
  }
}

/** Puts the value at the end of the map. */
function renew<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
}
