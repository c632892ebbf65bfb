import { monotonicNs } from '../stats/monotonicNs.js';
import { ThroughputMeter } from '../stats/ThroughputMeter.js';
import type { CameraState } from './diagnosticStatus.js';
import type { OtherEndpoints } from './qosMismatch.js';

interface Meter {
  readonly throughput: ThroughputMeter;
  lastSeenNs: number;
  received: number;
  malformed: number;
  missing: number;
  lastProblem: string | undefined;
}

const NS_PER_MS = 1e6;

/** What came from each camera since the node was activated. */
export class CameraMeters {
  readonly #meters: ReadonlyMap<string, Meter>;

  constructor(topics: readonly string[]) {
    const nowNs = monotonicNs();
    this.#meters = new Map(
      topics.map((topic) => [
        topic,
        {
          throughput: new ThroughputMeter(),
          lastSeenNs: nowNs,
          received: 0,
          malformed: 0,
          missing: 0,
          lastProblem: undefined,
        },
      ]),
    );
  }

  frame(topic: string): void {
    const meter = this.#meters.get(topic);
    if (meter === undefined) return;
    meter.lastSeenNs = monotonicNs();
    meter.received++;
    meter.throughput.mark(meter.lastSeenNs);
  }

  /** Messages that the camera sent and that did not arrive. */
  missing(topic: string, count: number): void {
    const meter = this.#meters.get(topic);
    if (meter !== undefined) meter.missing += count;
  }

  /** A message, or a picture in it, that could not be read. */
  problem(topic: string, message: string): void {
    const meter = this.#meters.get(topic);
    if (meter === undefined) return;
    meter.malformed++;
    meter.lastProblem = message;
  }

  states(publishersOf: (topic: string) => OtherEndpoints): CameraState[] {
    const nowNs = monotonicNs();
    return [...this.#meters].map(([topic, meter]) => {
      const { count, mismatch } = publishersOf(topic);
      return {
        topic,
        framesPerSecond: meter.throughput.ratePerSecond(nowNs),
        silentMs: (nowNs - meter.lastSeenNs) / NS_PER_MS,
        received: meter.received,
        malformed: meter.malformed,
        lastProblem: meter.lastProblem,
        publishers: count,
        qosMismatch: mismatch,
      };
    });
  }
}
