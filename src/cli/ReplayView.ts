import { basename } from 'node:path';
import type { ReplayedFrame } from '../bag/replayBag.js';
import type { Classifier } from '../classify/Classifier.js';
import type { Difference, FrameResults } from '../classify/expectedResults.js';
import type { SourceChanges } from '../classify/smoothing/ClassChanges.js';
import { plainTable } from '../core/plainTable.js';
import type { FrameCounts } from '../stats/FrameAccounting.js';
import type { StageSummaries } from '../stats/StageStatistics.js';
import { type RegionFigures, regionCountLines, regionLines, regionsJson } from './regionLines.js';
import { resultLines } from './resultLines.js';
import { countsLine, droppedJson, milliseconds, stageJson, stageTable } from './stageTable.js';
import type { Terminal } from './Terminal.js';

/** The final figures of a replay. */
export interface ReplaySummary {
  readonly bagPath: string;
  readonly counts: FrameCounts;
  readonly stages: StageSummaries;
  readonly fps: number;
  readonly model: string;
  readonly backend: string;
  readonly isSimulated: boolean;
  readonly runtime: string;
  readonly threads: number;
  /** In the order of the recording. */
  readonly results: readonly FrameResults[];
  /** Present with smoothing. */
  readonly changes?: ReadonlyMap<string, SourceChanges>;
  /** Present where boxes of detectors are classified. */
  readonly regions?: RegionFigures;
  /** Present when results were compared with expected ones. */
  readonly differences?: readonly Difference[];
  /** Where simulated times come from; absent for real ones. */
  readonly times?: string;
  readonly outputPath?: string;
  readonly reportPath?: string;
}

const DIFFERENCES_SHOWN = 20;

/** Text output of a replay, while it runs and at its end. */
export class ReplayView {
  readonly #terminal: Terminal;
  #firstLogTimeNs: bigint | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** The line before the first frame: what runs. */
  showStart(bagPath: string, classifier: Classifier, startNs?: bigint): void {
    // The bag's start time, because the first outcome is not always that of the first frame.
    this.#firstLogTimeNs = startNs;
    const { info, manifest, options } = classifier;
    const simulated = info.isSimulated ? ', SIMULATED' : '';
    this.#terminal.line(
      `${this.#terminal.bold(basename(bagPath))} through ${manifest.name} on ${info.runtime}${simulated}, ${options.threads} threads, ${classifier.labels.length} classes`,
    );
  }

  /** One frame: where and when, then its top-k with bars, or why there is none. */
  showFrame({ sequence, logTimeNs, outcome, detections }: ReplayedFrame): void {
    const terminal = this.#terminal;
    this.#firstLogTimeNs ??= logTimeNs;
    const atSeconds = (Number(logTimeNs - this.#firstLogTimeNs) / 1e9).toFixed(3);
    const place = `#${sequence} ${outcome.header.source}  ${atSeconds} s`;
    if (outcome.kind === 'dropped') {
      const why = outcome.error === undefined ? '' : `: ${outcome.error.message}`;
      terminal.line(`${place}  ${terminal.yellow(`dropped, ${outcome.cause}`)}${why}`);
      return;
    }
    const { inferenceNs, totalNs } = outcome.timings;
    terminal.line(
      `${place}  ${terminal.dim(`inference ${milliseconds(inferenceNs)} ms, total ${milliseconds(totalNs)} ms`)}`,
    );
    if (outcome.kind === 'regions') {
      const ids = detections?.detections.map(({ id }) => id) ?? [];
      for (const line of regionLines(outcome.regions, ids, terminal)) terminal.line(line);
      return;
    }
    for (const line of resultLines(outcome, terminal)) terminal.line(line);
    if (outcome.smoothed === undefined) return;
    const [held] = outcome.smoothed;
    terminal.line(
      `  smoothed: ${held === undefined ? terminal.dim('nothing above the threshold') : `${terminal.bold(held.label)} ${held.score.toFixed(4)}`}`,
    );
  }

  showSummary(summary: ReplaySummary): void {
    const terminal = this.#terminal;
    terminal.line();
    if (summary.counts.published > 0) terminal.line(stageTable(summary.stages));
    terminal.line(countsLine(summary.counts));
    if (summary.regions !== undefined)
      for (const line of regionCountLines(summary.regions)) terminal.line(line);
    terminal.line(
      `fps: ${terminal.bold(summary.fps.toFixed(1))}${summary.isSimulated ? ' (SIMULATED)' : ''}`,
    );
    if (summary.times !== undefined) terminal.line(`times: ${summary.times}`);
    if (summary.changes !== undefined) terminal.line(changesTable(summary.changes));
    if (summary.outputPath !== undefined) terminal.line(`results written to ${summary.outputPath}`);
    if (summary.reportPath !== undefined) terminal.line(`report written to ${summary.reportPath}`);
    if (summary.differences !== undefined) this.#showDifferences(summary.differences);
  }

  #showDifferences(differences: readonly Difference[]): void {
    const terminal = this.#terminal;
    if (differences.length === 0) {
      terminal.line(terminal.green('as expected: every frame within the tolerance'));
      return;
    }
    terminal.line(terminal.red(`not as expected: ${differences.length} frames differ`));
    for (const { topic, stamp, reason } of differences.slice(0, DIFFERENCES_SHOWN)) {
      terminal.line(`  ${topic} ${stamp[0]}.${String(stamp[1]).padStart(9, '0')}: ${reason}`);
    }
    if (differences.length > DIFFERENCES_SHOWN) {
      terminal.line(`  ... and ${differences.length - DIFFERENCES_SHOWN} more (all of them with --json)`);
    }
  }
}

function changesTable(changes: ReadonlyMap<string, SourceChanges>): string {
  return plainTable(
    ['changes of the class', 'raw', 'a minute', 'smoothed', 'a minute'],
    [...changes].map(([source, { raw, smoothed }]) => [
      source,
      String(raw.changes),
      raw.perMinute.toFixed(1),
      String(smoothed.changes),
      smoothed.perMinute.toFixed(1),
    ]),
  );
}

function changesJson(changes: ReadonlyMap<string, SourceChanges>): Record<string, unknown> {
  return Object.fromEntries(
    [...changes].map(([source, { raw, smoothed }]) => [
      source,
      {
        raw: raw.changes,
        raw_per_minute: raw.perMinute,
        smoothed: smoothed.changes,
        smoothed_per_minute: smoothed.perMinute,
      },
    ]),
  );
}

/** The `--json` form of a replay. */
export function replayJson(summary: ReplaySummary, withResults: boolean): Record<string, unknown> {
  const { counts, differences } = summary;
  return {
    frames: { received: counts.received, published: counts.published, dropped: droppedJson(counts) },
    fps: Math.round(summary.fps * 100) / 100,
    latency_ms: stageJson(summary.stages),
    model: summary.model,
    backend: summary.backend,
    simulated: summary.isSimulated,
    threads: summary.threads,
    ...(summary.times !== undefined && { times: summary.times }),
    ...(summary.outputPath !== undefined && { output: summary.outputPath }),
    ...(summary.regions !== undefined && regionsJson(summary.regions)),
    ...(summary.changes !== undefined && { class_changes: changesJson(summary.changes) }),
    ...(differences !== undefined && { differences }),
    ...(withResults && { results: summary.results }),
  };
}
