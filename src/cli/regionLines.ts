import type { UnmatchedCounts } from '../classify/DetectionPairing.js';
import type { UnmatchedView } from '../classify/DetectorPairings.js';
import type { RegionResult } from '../classify/RegionResult.js';
import type { RegionCounts } from '../pool/RegionAccounting.js';
import { fitText, type Terminal } from './Terminal.js';

const LABEL_COLUMNS = 24;

/** What became of the boxes of detectors, and of frames and detections without a counterpart. */
export interface RegionFigures {
  readonly counts: RegionCounts;
  readonly unmatched: UnmatchedView;
}

/** One line per box: id, best class with its score and place, or why there is none. */
export function regionLines(
  regions: readonly RegionResult[],
  ids: readonly string[],
  terminal: Terminal,
): string[] {
  if (regions.length === 0) return [terminal.dim('  the detector found nothing')];
  return regions.map((region, index) => {
    const name = `  [${ids[index] || index}]`;
    if (region.kind === 'unknown') return terminal.yellow(`${name} UNKNOWN: ${region.cause}`);
    const { leftPx, topPx, widthPx, heightPx } = region.region;
    const place = terminal.dim(`${widthPx} x ${heightPx} at ${leftPx}, ${topPx}`);
    const [best] = region.value;
    if (best === undefined) return `${name} ${terminal.dim('no result above the threshold')}  ${place}`;
    return `${name} ${terminal.bold(fitText(best.label, LABEL_COLUMNS))} ${best.score.toFixed(4)}  ${place}`;
  });
}

const nonZero = <Cause extends string>(counts: Readonly<Record<Cause, number>>): [Cause, number][] =>
  (Object.entries(counts) as [Cause, number][]).filter(([, count]) => count > 0);

/** The counts at the end of a replay; those that are 0 are left out. */
export function regionCountLines({ counts, unmatched }: RegionFigures): string[] {
  const causes = (of: Readonly<Record<string, number>>): string =>
    nonZero(of)
      .map(([cause, count]) => `${cause} ${count}`)
      .join(', ');
  const unknown = counts.received - counts.classified;
  const why = unknown === 0 ? '' : ` (${causes(counts.unknown)})`;
  const lines = [
    `regions: received ${counts.received}, classified ${counts.classified}, unknown ${unknown}${why}`,
  ];
  const side = (name: string, of: UnmatchedCounts): void => {
    const text = causes(of);
    if (text !== '') lines.push(`unmatched ${name}: ${text}`);
  };
  side('frames', unmatched.frames);
  side('detections', unmatched.detections);
  return lines;
}

/** As {@link regionCountLines}, for `--json`. */
export function regionsJson({ counts, unmatched }: RegionFigures): Record<string, unknown> {
  return {
    regions: {
      received: counts.received,
      classified: counts.classified,
      unknown: Object.fromEntries(nonZero(counts.unknown)),
    },
    unmatched_frames: Object.fromEntries(nonZero(unmatched.frames)),
    unmatched_detections: Object.fromEntries(nonZero(unmatched.detections)),
  };
}

/** As {@link regionCountLines}, for the HTML report. */
export function regionCountPairs({ counts, unmatched }: RegionFigures): [string, number][] {
  return [
    ['regions classified', counts.classified],
    ...nonZero(counts.unknown).map(([cause, count]): [string, number] => [
      `regions UNKNOWN, ${cause}`,
      count,
    ]),
    ...nonZero(unmatched.frames).map(([cause, count]): [string, number] => [
      `frames unmatched, ${cause}`,
      count,
    ]),
    ...nonZero(unmatched.detections).map(([cause, count]): [string, number] => [
      `detections unmatched, ${cause}`,
      count,
    ]),
  ];
}
