import { type Stamp, stampToNs } from '../../core/Stamp.js';
import type { PictureCondition } from '../../pool/FrameOutcome.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import { ThroughputMeter } from '../../stats/ThroughputMeter.js';
import type { CameraState } from './diagnosticStatus.js';
import type { OtherEndpoints } from './otherEndpoints.js';
import { PictureWatch } from './PictureWatch.js';
import { StampWatch } from './StampWatch.js';

const NS_PER_MS = 1e6;

class Meter {
  readonly #received = new ThroughputMeter();
  readonly #malformed = new ThroughputMeter();
  readonly #missing = new ThroughputMeter();
  readonly #superseded = new ThroughputMeter();
  readonly #stamps = new StampWatch();
  readonly #total = { received: 0, malformed: 0, missing: 0, superseded: 0 };
  #lastSeenNs = monotonicNs();
  #lastProblem: string | undefined;
  readonly #pictures = new PictureWatch();

  picture(condition: PictureCondition): void {
    this.#pictures.look(condition, monotonicNs());
  }

  frame(): void {
    this.#lastSeenNs = monotonicNs();
    this.#total.received += 1;
    this.#received.mark(this.#lastSeenNs);
  }

  rest(): void {
    this.#lastSeenNs = monotonicNs();
  }

  stamp(stampNs: bigint, nowNs: bigint | undefined): void {
    this.#stamps.observe(stampNs, nowNs, monotonicNs());
  }

  missing(count: number): void {
    this.#total.missing += count;
    this.#missing.mark(monotonicNs(), count);
  }

  superseded(count: number): void {
    this.#total.superseded += count;
    this.#superseded.mark(monotonicNs(), count);
  }

  problem(message: string): void {
    this.#total.malformed += 1;
    this.#malformed.mark(monotonicNs());
    this.#lastProblem = message;
  }

  state(topic: string, publishers: OtherEndpoints): CameraState {
    const nowNs = monotonicNs();
    return {
      topic,
      framesPerSecond: this.#received.ratePerSecond(nowNs) + this.#superseded.ratePerSecond(nowNs),
      silentMs: (nowNs - this.#lastSeenNs) / NS_PER_MS,
      ...this.#total,
      recent: {
        received: this.#received.recent(nowNs),
        malformed: this.#malformed.recent(nowNs),
        missing: this.#missing.recent(nowNs),
        superseded: this.#superseded.recent(nowNs),
      },
      lastProblem: this.#lastProblem,
      stampProblem: this.#stamps.problem(nowNs),
      picture: this.#pictures.view(nowNs),
      publishers,
    };
  }
}

/** Counts and measurements per camera since the node was activated or the statistics were reset. */
export class CameraMeters {
  readonly #topics: readonly string[];
  #meters: ReadonlyMap<string, Meter> = new Map();

  constructor(topics: readonly string[]) {
    this.#topics = topics;
    this.reset();
  }

  reset(): void {
    this.#meters = new Map(this.#topics.map((topic) => [topic, new Meter()]));
  }

  /** Restarts the measurement of silence after a time without subscriptions. */
  rest(): void {
    for (const meter of this.#meters.values()) meter.rest();
  }

  /** Counts a received message. */
  frame(topic: string): void {
    this.#meters.get(topic)?.frame();
  }

  /** Records the stamp of a received image, with the time on the node's clock if that has one. */
  stamp(topic: string, stamp: Stamp, nowNs: bigint | undefined): void {
    this.#meters.get(topic)?.stamp(stampToNs(stamp), nowNs);
  }

  /** Records the measurements of a picture. */
  picture(topic: string, condition: PictureCondition): void {
    this.#meters.get(topic)?.picture(condition);
  }

  /** Counts messages that the camera sent and that did not arrive. */
  missing(topic: string, count: number): void {
    this.#meters.get(topic)?.missing(count);
  }

  /** Counts messages that newer ones replaced in the middleware. */
  superseded(topic: string, count: number): void {
    this.#meters.get(topic)?.superseded(count);
  }

  /** Counts a message that, or whose picture, could not be read. */
  problem(topic: string, message: string): void {
    this.#meters.get(topic)?.problem(message);
  }

  states(publishersOf: (topic: string) => OtherEndpoints): CameraState[] {
    return [...this.#meters].map(([topic, meter]) => meter.state(topic, publishersOf(topic)));
  }
}
