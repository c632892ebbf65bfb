import { type Stamp, stampToNs } from '../../core/Stamp.js';
import type { PictureCondition } from '../../pool/FrameOutcome.js';
import { monotonicNs, NS_PER_MS } from '../../stats/monotonicNs.js';
import { ThroughputMeter } from '../../stats/ThroughputMeter.js';
import type { OtherEndpoints } from './otherEndpoints.js';
import { PictureWatch } from './PictureWatch.js';
import { StampWatch } from './StampWatch.js';

/** What became of a camera's messages. */
const KINDS = [
  /** It became a frame, readable or not. */
  'received',
  /** It was not a readable image. */
  'malformed',
  /** The camera sent it, and it did not arrive. */
  'missing',
  /** A newer one replaced it in the middleware before a worker was free. */
  'superseded',
] as const;

export type CameraCounts = Readonly<Record<(typeof KINDS)[number], number>>;

export type CameraState = ReturnType<CameraMeter['state']>;

/** Counts and measurements of one camera since the node was activated or the statistics were reset. */
class CameraMeter {
  readonly #rates = perKind(() => new ThroughputMeter());
  readonly #total = perKind(() => 0);
  readonly #stamps = new StampWatch();
  readonly #pictures = new PictureWatch();
  #lastSeenNs = monotonicNs();
  #lastProblem: string | undefined;

  /** Counts messages by what became of them. */
  count(kind: keyof CameraCounts, count = 1): void {
    const nowNs = monotonicNs();
    if (kind === 'received') this.#lastSeenNs = nowNs;
    this.#total[kind] += count;
    this.#rates[kind].mark(nowNs, count);
  }

  /** Counts a message that, or whose picture, could not be read. */
  problem(reason: string): void {
    this.count('malformed');
    this.#lastProblem = reason;
  }

  /** Records the stamp of a received image, with the time on the node's clock if that has one. */
  stamp(stamp: Stamp, nowNs: bigint | undefined): void {
    this.#stamps.observe(stampToNs(stamp), nowNs, monotonicNs());
  }

  picture(condition: PictureCondition): void {
    this.#pictures.look(condition, monotonicNs());
  }

  /** Restarts the measurement of silence after a time without a subscription. */
  rest(): void {
    this.#lastSeenNs = monotonicNs();
  }

  state(topic: string, publishers: OtherEndpoints) {
    const nowNs = monotonicNs();
    const { received, superseded } = this.#rates;
    return {
      topic,
      framesPerSecond: received.ratePerSecond(nowNs) + superseded.ratePerSecond(nowNs),
      /** Since the last frame, or since the subscription if there was none. */
      silentMs: (nowNs - this.#lastSeenNs) / NS_PER_MS,
      ...this.#total,
      /** Of the last five seconds. */
      recent: perKind((kind) => this.#rates[kind].recent(nowNs)),
      lastProblem: this.#lastProblem,
      /** Of the last seconds. */
      stampProblem: this.#stamps.problem(nowNs),
      /** Undefined if pictures are not checked or none arrived recently. */
      picture: this.#pictures.view(nowNs),
      publishers,
    };
  }
}

function perKind<Value>(make: (kind: keyof CameraCounts) => Value): Record<keyof CameraCounts, Value> {
  return Object.fromEntries(KINDS.map((kind) => [kind, make(kind)])) as Record<keyof CameraCounts, Value>;
}

/** The meters of the cameras, by topic. */
export class CameraMeters {
  readonly #topics: readonly string[];
  #meters: ReadonlyMap<string, CameraMeter> = new Map();

  constructor(topics: readonly string[]) {
    this.#topics = topics;
    this.reset();
  }

  reset(): void {
    this.#meters = new Map(this.#topics.map((topic) => [topic, new CameraMeter()]));
  }

  of(topic: string): CameraMeter | undefined {
    return this.#meters.get(topic);
  }

  rest(): void {
    for (const meter of this.#meters.values()) meter.rest();
  }

  states(publishersOf: (topic: string) => OtherEndpoints): CameraState[] {
    return [...this.#meters].map(([topic, meter]) => meter.state(topic, publishersOf(topic)));
  }
}
