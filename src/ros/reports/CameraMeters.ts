import { type Stamp, stampToNs } from '../../core/Stamp.js';
import type { PictureCondition } from '../../pool/FrameOutcome.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import { ThroughputMeter } from '../../stats/ThroughputMeter.js';
import type { CameraCounts, CameraState } from './cameraStatus.js';
import type { OtherEndpoints } from './otherEndpoints.js';
import { PictureWatch } from './PictureWatch.js';
import { StampWatch } from './StampWatch.js';

const NS_PER_MS = 1e6;

const KINDS = ['received', 'malformed', 'missing', 'superseded'] as const satisfies (keyof CameraCounts)[];

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

  state(topic: string, publishers: OtherEndpoints): CameraState {
    const nowNs = monotonicNs();
    const { received, superseded } = this.#rates;
    return {
      topic,
      framesPerSecond: received.ratePerSecond(nowNs) + superseded.ratePerSecond(nowNs),
      silentMs: (nowNs - this.#lastSeenNs) / NS_PER_MS,
      ...this.#total,
      recent: perKind((kind) => this.#rates[kind].recent(nowNs)),
      lastProblem: this.#lastProblem,
      stampProblem: this.#stamps.problem(nowNs),
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
