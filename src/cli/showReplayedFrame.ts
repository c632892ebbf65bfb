import { basename } from 'node:path';
import type { ReplayedFrame } from '../bag/replayBag.js';
import type { Classifier } from '../classify/Classifier.js';
import type { RegionResult } from '../classify/RegionResult.js';
import { milliseconds } from './replaySummary.js';
import { resultLines } from './resultLines.js';
import { fitText, type Terminal } from './Terminal.js';

const LABEL_COLUMNS = 24;

/** The line before the first frame: what runs. */
export function showReplayStart(bagPath: string, classifier: Classifier, terminal: Terminal): void {
  const { info, manifest, options, labels } = classifier;
  const simulated = info.isSimulated ? ', SIMULATED' : '';
  terminal.line(
    `${terminal.bold(basename(bagPath))} through ${manifest.name} on ${info.runtime}${simulated}, ${options.threads} threads, ${labels.length} classes`,
  );
}

/**
 * One frame: where and when, then its top-k with bars, or why there is none.
 *
 * @param startNs log time of the recording's start.
 */
export function showReplayedFrame(
  { sequence, logTimeNs, outcome, detections }: ReplayedFrame,
  startNs: bigint,
  terminal: Terminal,
): void {
  const atSeconds = (Number(logTimeNs - startNs) / 1e9).toFixed(3);
  const place = `#${sequence} ${outcome.header.source}  ${atSeconds} s`;
  if (outcome.kind === 'dropped') {
    const why = outcome.error === undefined ? '' : `: ${outcome.error.message}`;
    terminal.line(`${place}  ${terminal.yellow(`dropped, ${outcome.cause}`)}${why}`);
    return;
  }
  const { inferenceNs, totalNs } = outcome.timings;
  const times = `inference ${milliseconds(inferenceNs)} ms, total ${milliseconds(totalNs)} ms`;
  terminal.line(`${place}  ${terminal.dim(times)}`);
  const lines =
    outcome.kind === 'regions'
      ? regionLines(outcome.regions, detections?.detections.map(({ id }) => id) ?? [], terminal)
      : resultLines(outcome, terminal);
  for (const line of lines) terminal.line(line);
  if (outcome.kind === 'regions' || outcome.smoothed === undefined) return;
  const [held] = outcome.smoothed;
  terminal.line(
    `  smoothed: ${held === undefined ? terminal.dim('nothing above the threshold') : `${terminal.bold(held.label)} ${held.score.toFixed(4)}`}`,
  );
}

/** One line per box: id, best class with its score and place, or why there is none. */
function regionLines(regions: readonly RegionResult[], ids: readonly string[], terminal: Terminal): string[] {
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
