import { arch, availableParallelism, cpus, hostname, platform, release } from 'node:os';
import { basename } from 'node:path';
import { openBag } from '../bag/openBag.js';
import { ResultBagWriter } from '../bag/ResultBagWriter.js';
import { frameResults, type ReplayedFrame, replayBag } from '../bag/replayBag.js';
import { Classifier } from '../classify/Classifier.js';
import type { ClassifierOptions } from '../classify/classifierOptions.js';
import type { FrameResults } from '../classify/expectedResults.js';
import { loadModel } from '../classify/loadModel.js';
import { SharedFrameIds } from '../classify/SharedFrameIds.js';
import { ClassChanges } from '../classify/smoothing/ClassChanges.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { VirtualClock } from '../pool/VirtualClock.js';
import type { Fact } from '../report/replay/ReplayReport.js';
import { ReplayReportCollector } from '../report/replay/ReplayReportCollector.js';
import { replayPage } from '../report/replay/replayPage.js';
import type { CommandContext } from './CommandContext.js';
import { MissingResults } from './MissingResults.js';
import { DEFAULT_WEB_PORT } from './options.js';
import { type ReplayPage, startReplayPage } from './ReplayPage.js';
import { type ReplaySummary, regionCountPairs } from './replaySummary.js';
import { showReplayedFrame, showReplayStart } from './showReplayedFrame.js';
import { UnreadableFrames } from './UnreadableFrames.js';
import { describeService, serviceModelOf, type VirtualTimeOptions } from './virtualTime.js';

const FRAME_ID_REMEDY = "take the camera's topic from effvit/FrameReport, which --output writes too";

export interface ReplayRecordingOptions extends VirtualTimeOptions {
  readonly topic?: readonly string[];
  readonly detectionsTopics?: readonly string[];
  readonly rate: number | 'max';
  readonly output?: string;
  readonly report?: string;
  readonly web?: number | true;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Replays one recording: shows its frames, writes what the options ask for, and returns the final figures. */
export async function replayRecording(
  path: string,
  options: ReplayRecordingOptions,
  classifying: ClassifierOptions,
  { terminal, signal }: CommandContext,
): Promise<ReplaySummary> {
  const bag = await openBag(path);
  let classifier: Classifier | undefined;
  let results: ResultBagWriter | undefined;
  let page: ReplayPage | undefined;
  const unreadable = new UnreadableFrames();
  const sharedFrameIds = new SharedFrameIds();
  /** Whether the frame failed for a reason that was already reported. */
  const isRepeated = ({ outcome }: ReplayedFrame): boolean =>
    outcome.kind === 'dropped' &&
    outcome.cause === 'bad_image' &&
    !unreadable.add(outcome.header.source, outcome.error?.message ?? '');
  try {
    // Called before the model is loaded, so that a wrong topic fails without the loading time.
    const { cameras, detectorOf, images } = bag.camerasAndDetectors(options.topic, options.detectionsTopics);
    const model = await loadModel(classifying, { notice: (text) => terminal.note(text), signal });
    const service = serviceModelOf(options, model.manifest, classifying);
    const clock = service && new VirtualClock(service);
    classifier = await Classifier.start(model, {
      signal,
      ...classifying,
      ...(clock && { clock }),
      sourceCount: new Set(cameras).size,
    });
    const collector =
      options.report === undefined ? undefined : new ReplayReportCollector(classifier.preprocess);
    // Of the bag, because the first outcome is not always that of the first frame.
    let { startNs } = bag;
    const isShown = options.json !== true && options.quiet !== true;
    if (isShown) showReplayStart(path, classifier, terminal);
    if (options.web !== undefined) {
      const port = options.web === true ? DEFAULT_WEB_PORT : options.web;
      page = await startReplayPage(basename(path), port, classifier, terminal);
    }
    const missing = new MissingResults(classifying.scoreThreshold);
    const frames: { readonly sequence: number; readonly results: readonly FrameResults[] }[] = [];
    const changes = classifying.smoothing === 'none' ? undefined : new ClassChanges();
    results =
      options.output === undefined
        ? undefined
        : await ResultBagWriter.create(options.output, classifier, detectorOf.size > 0);
    const { elapsedNs, unmatched } = await replayBag({
      images,
      classifier,
      rate: options.rate,
      clock,
      detectorOf,
      warn: (text) => terminal.warn(text),
      signal,
      keepNv12: collector !== undefined,
      onFrame: async (frame, image) => {
        const { outcome } = frame;
        // Without its network input, which would fill the memory over thousands of frames.
        frames.push({ sequence: frame.sequence, results: frameResults([frame]) });
        missing.add(outcome);
        if (outcome.kind === 'result') changes?.add(outcome.header, outcome);
        const shared =
          outcome.kind === 'dropped' ? undefined : sharedFrameIds.check(outcome.header, FRAME_ID_REMEDY);
        if (shared !== undefined) terminal.warn(shared);
        page?.frame(frame, image);
        await collector?.add(frame, image);
        startNs ??= frame.logTimeNs;
        if (!isRepeated(frame) && isShown) showReplayedFrame(frame, startNs, terminal);
        await results?.write(frame);
      },
    });
    // Also after an abort: the results until then form a complete recording.
    await results?.writer.close();
    for (const sentence of missing.sentences(isShown)) terminal.warn(sentence);
    const counts = classifier.pool.statistics.frames.counts();
    const summary: ReplaySummary = {
      counts,
      stages: classifier.pool.statistics.stages.summary(),
      fps: elapsedNs === 0 ? 0 : counts.published / (elapsedNs / 1e9),
      model: classifier.manifest.name,
      info: classifier.info,
      threads: classifying.threads,
      // With several threads the cameras' outcomes interleave differently in each run.
      results: frames.toSorted((a, b) => a.sequence - b.sequence).flatMap(({ results: some }) => some),
      changes: changes?.bySource(),
      regions:
        detectorOf.size > 0 ? { counts: classifier.pool.statistics.regions.counts(), unmatched } : undefined,
      times: service && describeService(service),
      output: results?.writer.path,
    };
    if (collector !== undefined && options.report !== undefined) {
      const { fps, regions } = summary;
      const stopped = signal.aborted ? ' (stopped before its end)' : '';
      const report = await collector.report(counts, classifier.info, {
        title: `${basename(path)} through ${classifier.manifest.name}${stopped}`,
        command: ['effvit', ...process.argv.slice(2)].map(shellQuoted).join(' '),
        facts: reportFacts(path, options.rate, classifier, summary.times),
        fps,
        changes: summary.changes,
        regionCounts: regions && regionCountPairs(regions),
      });
      await writeFileAtomic(options.report, await replayPage(report));
    }
    return summary;
  } catch (error) {
    await results?.writer.abort();
    throw error;
  } finally {
    // After an error too: damage to the bag is often the reason.
    for (const warning of [...bag.warnings, ...unreadable.sentences()]) terminal.warn(warning);
    await page?.close();
    await classifier?.close();
    await bag.close();
  }
}

/** A word quoted for a POSIX shell, if it needs quotes. */
function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** @param times where simulated times come from; undefined for real ones. */
function reportFacts(
  bagPath: string,
  rate: number | 'max',
  { manifest, info, labels, preprocess, options }: Classifier,
  times: string | undefined,
): Fact[] {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor';
  return [
    ['recording', bagPath],
    ['pace', rate === 'max' ? 'as fast as possible, every frame' : `${rate} of the original`],
    ...(times === undefined ? [] : [['times', times] as const]),
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
    ...(times === undefined ? [['made', new Date().toISOString()] as const] : []),
  ];
}
