import { arch, availableParallelism, cpus, hostname, platform, release } from 'node:os';
import { basename } from 'node:path';
import type { Classifier } from '../classify/Classifier.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import type { Fact } from '../report/replay/ReplayReport.js';
import type { ReplayReportCollector } from '../report/replay/ReplayReportCollector.js';
import { replayPage } from '../report/replay/replayPage.js';
import { type ReplaySummary, regionCountPairs } from './replaySummary.js';

/** Settings, figures and state of a replay. */
export interface ReplayRun extends Pick<ReplaySummary, 'fps' | 'times' | 'changes' | 'regions'> {
  readonly bagPath: string;
  readonly rate: number | 'max';
  /** Stopped by a signal before the recording's end. */
  readonly isStopped: boolean;
}

/** Writes the page of `effvit replay --report`. @throws EffvitError IO_FAILED */
export async function writeReplayReport(
  path: string,
  collector: ReplayReportCollector,
  classifier: Classifier,
  run: ReplayRun,
): Promise<void> {
  const stopped = run.isStopped ? ' (stopped before its end)' : '';
  const report = await collector.report(classifier.pool.statistics.frames.counts(), classifier.info, {
    title: `${basename(run.bagPath)} through ${classifier.manifest.name}${stopped}`,
    command: ['effvit', ...process.argv.slice(2)].map(shellQuoted).join(' '),
    facts: facts(classifier, run),
    fps: run.fps,
    changes: run.changes,
    regionCounts: run.regions && regionCountPairs(run.regions),
  });
  await writeFileAtomic(path, await replayPage(report));
}

/** A word quoted for a POSIX shell, if it needs quotes. */
function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function facts({ manifest, info, labels, preprocess, options }: Classifier, run: ReplayRun): Fact[] {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor';
  return [
    ['recording', run.bagPath],
    ['pace', run.rate === 'max' ? 'as fast as possible, every frame' : `${run.rate} of the original`],
    ...(run.times === undefined ? [] : [['times', run.times] as const]),
    ['model', `${manifest.name}, ${labels.length} classes`],
    ['backend', `${info.runtime} (${info.backend}${info.isSimulated ? ', SIMULATED' : ''})`],
    ['threads', String(options.threads)],
    [
      'input',
      `${preprocess.widthPx} x ${preprocess.heightPx} px NV12 (${preprocess.range} range), ${preprocess.resizeMode}, filter ${preprocess.filter}`,
    ],
    ['machine', `${hostname()}: ${cpu}, ${availableParallelism()} usable cores`],
    ['system', `${platform()} ${release()} ${arch()}, Node.js ${process.version}`],
    // With simulated times the page is the same in every run.
    ...(run.times === undefined ? [['made', new Date().toISOString()] as const] : []),
  ];
}
