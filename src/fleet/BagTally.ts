import { createHash } from 'node:crypto';
import type { ReplayedFrame } from '../bag/replayBag.js';
import type { ClassResult } from '../classify/ClassResult.js';
import type { UnmatchedView } from '../classify/DetectionPairing.js';
import type { RegionResult } from '../classify/RegionResult.js';
import { ClassChanges } from '../classify/smoothing/ClassChanges.js';
import { defined } from '../core/defined.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import type { BagResult } from './BagResult.js';
import type { BagTruth } from './BagTruth.js';
import { CameraCounts, count } from './CameraCounts.js';
import { compareTexts } from './FleetBag.js';

/** Drops that another run would not change. */
const CAUSES_OF_CONTENT: ReadonlySet<string> = new Set<DropCause>(['bad_image', 'unmatched', 'closed']);

/** Sums up a bag's frames, in any order of their outcomes. */
export class BagTally {
  readonly #labels: readonly string[];
  readonly #truth: BagTruth | undefined;
  readonly #cameras = new Map<string, CameraCounts>();
  readonly #digest = createHash('sha256');
  /** By place in the recording: frames that wait for earlier ones before they are added to the digest. */
  readonly #waiting = new Map<number, string>();
  #nextSequence = 0;
  readonly #changes = new ClassChanges();
  #firstNs: bigint | undefined;
  #lastNs: bigint | undefined;

  /** @param labels of the model. @param truth of the frames, if it is known. */
  constructor(labels: readonly string[], truth?: BagTruth) {
    this.#labels = labels;
    this.#truth = truth;
  }

  add({ sequence, logTimeNs, outcome }: ReplayedFrame): void {
    const { source, stamp } = outcome.header;
    const camera = this.#cameras.get(source) ?? new CameraCounts(this.#labels);
    this.#cameras.set(source, camera);
    camera.received += 1;
    if (this.#firstNs === undefined || logTimeNs < this.#firstNs) this.#firstNs = logTimeNs;
    if (this.#lastNs === undefined || logTimeNs > this.#lastNs) this.#lastNs = logTimeNs;
    const place = [source, stamp.sec, stamp.nanosec];
    if (outcome.kind === 'dropped') {
      count(camera.dropped, outcome.cause);
      this.#digestLine(sequence, [...place, outcome.cause]);
      return;
    }
    camera.published += 1;
    if (outcome.kind === 'regions') {
      camera.addRegions(outcome.regions);
      this.#digestLine(sequence, [...place, ...outcome.regions.flatMap(digestOfRegion)]);
      return;
    }
    camera.addFrame(outcome.value, outcome.unknownCauses ?? [], this.#truth?.(source, stamp));
    if (outcome.smoothed !== undefined) this.#changes.add(outcome.header, outcome);
    this.#digestLine(sequence, [...place, ...digestOfClasses(outcome.value, outcome.smoothed)]);
  }

  #digestLine(sequence: number, line: readonly (string | number)[]): void {
    this.#waiting.set(sequence, `${JSON.stringify(line)}\n`);
    for (;;) {
      const next = this.#waiting.get(this.#nextSequence);
      if (next === undefined) return;
      this.#digest.update(next);
      this.#waiting.delete(this.#nextSequence);
      this.#nextSequence += 1;
    }
  }

  /** Frames that were dropped for a reason other than their content; another run may classify them. */
  get lost(): ReadonlyMap<string, number> {
    const lost = new Map<string, number>();
    for (const { dropped } of this.#cameras.values()) {
      for (const [cause, frames] of dropped) if (!CAUSES_OF_CONTENT.has(cause)) count(lost, cause, frames);
    }
    return lost;
  }

  /**
   * @param bag its content key.
   * @param warnings about missing parts.
   * @param unmatched of frames and detections; the frames are also counted as dropped.
   */
  result(bag: string, warnings: readonly string[], unmatched?: UnmatchedView): BagResult {
    const changes = this.#changes.bySource();
    const cameras = [...this.#cameras]
      .sort(([a], [b]) => compareTexts(a, b))
      .map(([topic, counts]) => {
        const own = changes.get(topic);
        if (own === undefined) return counts.result(topic);
        const { raw, smoothed, spanNs } = own;
        return counts.result(topic, {
          raw: raw.changes,
          smoothed: smoothed.changes,
          spanMs: Math.round(spanNs / 1e6),
        });
      });
    const durationNs = (this.#lastNs ?? 0n) - (this.#firstNs ?? 0n);
    const unmatchedCounts = Object.entries(unmatched?.detections ?? {}).filter(
      ([, messages]) => messages > 0,
    );
    return defined({
      version: 1,
      bag,
      durationMs: Math.round(Number(durationNs) / 1e6),
      cameras,
      framesSha256: this.#digest.copy().digest('hex'),
      unmatchedDetections: unmatchedCounts.length > 0 ? Object.fromEntries(unmatchedCounts) : undefined,
      warnings,
    });
  }
}

function digestOfRegion(region: RegionResult): (string | number)[] {
  if (region.kind === 'classified') return ['region', ...digestOfClasses(region.value, region.smoothed)];
  return ['region', region.cause, ...digestOfClasses([], region.smoothed)];
}

function digestOfClasses(
  results: readonly ClassResult[],
  [held]: readonly ClassResult[] = [],
): (string | number)[] {
  return [
    ...results.flatMap(({ index, score }) => [index, score]),
    ...(held === undefined ? [] : ['smoothed', held.index, held.score]),
  ];
}
