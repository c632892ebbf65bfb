import { stampToNs } from '../../core/Stamp.js';
import type { FrameHeader } from '../../image/ImageFrame.js';
import type { ClassResult } from '../ClassResult.js';

const NS_PER_MIN = 60e9;

/** How often the best class of one camera changed. */
export interface ChangeCount {
  readonly changes: number;
  readonly perMinute: number;
}

/** Of one camera. */
export interface SourceChanges {
  readonly raw: ChangeCount;
  readonly smoothed: ChangeCount;
  /** The time between its first frame and its last, without steps back. */
  readonly spanNs: number;
}

class Counter {
  #last: number | undefined;
  count = 0;

  /** A change from a class to none and then to another class counts once. */
  observe(results: readonly ClassResult[]): void {
    const index = results[0]?.index;
    if (index === undefined) return;
    if (this.#last !== undefined && index !== this.#last) this.count++;
    this.#last = index;
  }
}

interface Watched {
  readonly raw: Counter;
  readonly smoothed: Counter;
  lastNs: bigint | undefined;
  /** Sum of the times between frames; a step back in time counts as 0. */
  spanNs: number;
}

/** Counts how often the best class of each camera changes, raw and smoothed, to show the effect of smoothing. */
export class ClassChanges {
  readonly #sources = new Map<string, Watched>();

  /** Frames of a source in the order of its results. */
  add(
    { source, stamp }: FrameHeader,
    results: { readonly value: readonly ClassResult[]; readonly smoothed?: readonly ClassResult[] },
  ): void {
    const watched = this.#sources.get(source) ?? {
      raw: new Counter(),
      smoothed: new Counter(),
      lastNs: undefined,
      spanNs: 0,
    };
    this.#sources.set(source, watched);
    watched.raw.observe(results.value);
    watched.smoothed.observe(results.smoothed ?? []);
    const nowNs = stampToNs(stamp);
    if (watched.lastNs !== undefined && nowNs > watched.lastNs)
      watched.spanNs += Number(nowNs - watched.lastNs);
    watched.lastNs = nowNs;
  }

  /** By source, in the order of their first frames. */
  bySource(): ReadonlyMap<string, SourceChanges> {
    const counted = ({ count }: Counter, spanNs: number): ChangeCount => ({
      changes: count,
      perMinute: spanNs === 0 ? 0 : (count * NS_PER_MIN) / spanNs,
    });
    return new Map(
      [...this.#sources].map(([source, { raw, smoothed, spanNs }]) => [
        source,
        { raw: counted(raw, spanNs), smoothed: counted(smoothed, spanNs), spanNs },
      ]),
    );
  }
}
