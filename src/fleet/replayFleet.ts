import { hostname, tmpdir } from 'node:os';
import { openBag } from '../bag/openBag.js';
import { frameResults, type ReplayedFrame, replayBag } from '../bag/replayBag.js';
import type { Classifier } from '../classify/Classifier.js';
import { compareResults, type ExpectedResults, parseExpectedResults } from '../classify/expectedResults.js';
import { asEffvitError, EffvitError, fileError } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';
import { BAG_PLACE, type BagResult } from './BagResult.js';
import { BagTally } from './BagTally.js';
import { type BagTruth, readBagTruth } from './BagTruth.js';
import { bagVersion, sidecarPath } from './bagVersion.js';
import { contentKey } from './contentKey.js';
import type { FleetBag } from './FleetBag.js';
import type { BagEntry, BagTiming, FleetFolder } from './FleetFolder.js';

/** Most differing frames per bag whose reason is stored. */
const MOST_DIFFERENCES = 20;

/** Outcome of one bag. */
export interface FleetStep {
  readonly bag: FleetBag;
  /** `kept`: it already had a result. */
  readonly kind: 'done' | 'kept' | 'failed';
  readonly entry: BagEntry;
  readonly result?: BagResult;
}

/** What results are compared with: labels, or earlier results of each bag. */
export type FleetJudge =
  | { readonly sidecar: 'truth.json' }
  | { readonly sidecar: 'expected.json'; readonly tolerance: number };

export interface FleetRunOptions {
  readonly bags: readonly FleetBag[];
  readonly folder: FleetFolder;
  readonly classifier: Classifier;
  /** Image topics; all of them if absent. */
  readonly topics?: readonly string[] | undefined;
  /** Topics of the detectors whose boxes are classified in place of whole frames. */
  readonly detections?: readonly string[] | undefined;
  /** Compare the results with the file next to each bag; a bag without one is a problem. */
  readonly judge?: FleetJudge | undefined;
  /** Ends the run; the current bag is aborted and restarts in the next run. */
  readonly signal: AbortSignal;
  readonly onStep: (step: FleetStep) => void;
}

/**
 * Sends bag after bag through the classifier and stores each result as soon as it is complete. Finished bags are
 * skipped. An unreadable bag does not stop the others, and is retried in the next run.
 *
 * @throws EffvitError IO_FAILED if a result cannot be stored
 */
export async function replayFleet(options: FleetRunOptions): Promise<void> {
  for (const bag of options.bags) {
    if (options.signal.aborted) return;
    const step = await replayOne(bag, options);
    if (step !== undefined) options.onStep(step);
  }
}

/**
 * The bags without a result in the folder. A bag with a new name is included without reading it, since a fleet is
 * large.
 */
export async function undoneBags(
  options: Pick<FleetRunOptions, 'bags' | 'folder' | 'judge' | 'signal'>,
): Promise<FleetBag[]> {
  const undone: FleetBag[] = [];
  for (const bag of options.bags) {
    if (options.signal.aborted) break;
    const isKnown = (await options.folder.entry(bag.name)) !== undefined;
    const look = isKnown ? await lookAt(bag, options).catch(() => undefined) : undefined;
    if (look?.kept === undefined) undone.push(bag);
  }
  return undone;
}

interface Look {
  readonly version: string;
  /** What the folder has of it already. */
  readonly kept?: { readonly entry: BagEntry; readonly result: BagResult };
  /** The key to store a result under. */
  readonly key: string;
  readonly besidePath?: string | undefined;
}

/** @throws EffvitError if the bag or its truth cannot be read */
async function lookAt(
  bag: FleetBag,
  { folder, judge, signal }: Pick<FleetRunOptions, 'folder' | 'judge' | 'signal'>,
): Promise<Look> {
  const besidePath = judge && (await sidecarPath(bag.path, judge.sidecar));
  const version = bag.version ?? (await bagVersion(bag.path, besidePath));
  const known = await folder.entry(bag.name);
  if (known?.bag !== undefined && version !== '' && known.version === version) {
    const result = await folder.result(known.bag);
    if (result !== undefined) return { version, kept: { entry: known, result }, key: known.bag };
  }
  if (judge !== undefined && besidePath === undefined) {
    const remedy = `put one into its folder, or NAME.${judge.sidecar} beside the file`;
    throw fileError('NOT_FOUND', bag.path, `has no ${judge.sidecar}: ${remedy}`);
  }
  const key = await contentKey(bag.path, { besidePath, signal });
  const result = await folder.result(key);
  const look = { version, key, besidePath };
  return result === undefined
    ? look
    : { ...look, kept: { entry: { name: bag.name, version, bag: key }, result } };
}

/** Undefined if it was aborted before its end. */
async function replayOne(bag: FleetBag, options: FleetRunOptions): Promise<FleetStep | undefined> {
  const { folder, signal } = options;
  let replayed: Awaited<ReturnType<typeof replay>>;
  let version = bag.version ?? '';
  try {
    const look = await lookAt(bag, options);
    version = look.version;
    if (look.kept !== undefined) {
      const { entry, result } = look.kept;
      // Another name of the same content, or a moved bag: the entry avoids reading the content next time.
      if (entry.timing === undefined) await folder.keepEntry(entry);
      return { bag, kind: 'kept', entry, result };
    }
    replayed = await replay(bag.path, look, options);
    if (replayed === undefined) return undefined;
    if (bag.version === undefined && (await bagVersion(bag.path, look.besidePath)) !== version) {
      throw new EffvitError('BAD_BAG', `${bag.path} changed while it was read: replay it once it is whole.`);
    }
  } catch (error) {
    if (signal.aborted) return undefined;
    // An internal error caused by one bag also fails only that bag.
    const { code, message } = asEffvitError(error);
    const entry = { name: bag.name, version, problem: { code, message: placed(message, bag.path) } };
    await folder.keepEntry(entry);
    return { bag, kind: 'failed', entry };
  }
  // Outside the try block, since a failed write is not an error of the bag.
  const { result, timing } = replayed;
  await folder.keepResult(result);
  const entry = { name: bag.name, version, bag: result.bag, timing };
  await folder.keepEntry(entry);
  return { bag, kind: 'done', entry, result };
}

/** Undefined if it was aborted before its end. */
async function replay(
  path: string,
  { key, besidePath }: Look,
  { classifier, topics, detections, signal, judge }: FleetRunOptions,
): Promise<{ readonly result: BagResult; readonly timing: BagTiming } | undefined> {
  const { truth, expected } = await readBeside(besidePath, judge, classifier.labels);
  const bag = await openBag(path);
  try {
    const tally = new BagTally(classifier.labels, truth);
    const replayed: ReplayedFrame[] = [];
    classifier.pool.statistics.reset();
    classifier.forgetFrames();
    const { detectorOf, images } = bag.camerasAndDetectors(topics, detections);
    const { frames, elapsedNs, unmatched } = await replayBag({
      images,
      classifier,
      rate: 'max',
      detectorOf,
      signal,
      onFrame: (frame) => {
        tally.add(frame);
        if (expected !== undefined) replayed.push(frame);
      },
    });
    if (signal.aborted) return undefined;
    const { lost } = tally;
    if (lost.size > 0) {
      const causes = [...lost].map(([cause, count]) => `${cause} ${count}`).join(', ');
      throw new EffvitError(
        'INFERENCE_FAILED',
        `Frames of ${path} were lost on the way (${causes}), which is no fault of the bag: replay it again.`,
        { context: { file: path } },
      );
    }
    const warnings = bag.warnings.map((text) => placed(text, path));
    // The checksums of a damaged bag are those of the intact content, so its key must differ from that of an intact
    // copy.
    const kept = warnings.length === 0 ? key : await contentKey(path, { isWhole: true, besidePath, signal });
    const timing = {
      elapsedMs: Math.round(elapsedNs / 1e6),
      fps: elapsedNs === 0 ? 0 : Math.round((frames * 1e11) / elapsedNs) / 100,
      threads: classifier.options.threads,
      host: hostname(),
      stages: classifier.pool.statistics.stages.summary(),
    };
    const result = tally.result(kept, warnings, unmatched);
    if (expected === undefined) return { result, timing };
    replayed.sort((a, b) => a.sequence - b.sequence);
    const differences = compareResults(expected.frames, frameResults(replayed), expected.tolerance);
    const shown = { frames: differences.length, first: differences.slice(0, MOST_DIFFERENCES) };
    return { result: { ...result, differences: shown }, timing };
  } finally {
    await bag.close();
  }
}

async function readBeside(
  path: string | undefined,
  judge: FleetJudge | undefined,
  labels: readonly string[],
): Promise<{ truth?: BagTruth; expected?: ExpectedResults & { readonly tolerance: number } }> {
  if (path === undefined || judge === undefined) return {};
  if (judge.sidecar === 'truth.json') return { truth: await readBagTruth(path, labels) };
  const text = await readInput(path);
  return { expected: { ...parseExpectedResults(text.toString('utf8'), path), tolerance: judge.tolerance } };
}

/** A sentence without paths of this machine, since it is stored with the bag's result. */
function placed(text: string, path: string): string {
  return text.replaceAll(path, BAG_PLACE).replaceAll(temporaryFile, `${BAG_PLACE}/`);
}

/** Path of the temporary copy of a compressed storage file. */
const temporaryFile = new RegExp(
  `${tmpdir().replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}/effvit-[A-Za-z0-9]{6}/`,
  'g',
);
