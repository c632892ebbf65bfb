import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { Classifier } from '../classify/Classifier.js';
import type { ClassifierOptions } from '../classify/classifierOptions.js';
import { loadModel } from '../classify/loadModel.js';
import { asEffvitError, badArgument } from '../core/EffvitError.js';
import { TemporaryFolder } from '../core/TemporaryFolder.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { sidecarPath } from '../fleet/bagVersion.js';
import type { FleetBag } from '../fleet/FleetBag.js';
import { FLEET_MARK, FleetFolder } from '../fleet/FleetFolder.js';
import { findBags, holdsManyBags, isUrl } from '../fleet/findBags.js';
import { fleetPage } from '../fleet/fleetPage.js';
import { fleetReport, readFleet } from '../fleet/fleetReport.js';
import { isGlob } from '../fleet/globPaths.js';
import { type RunRequest, runIdentity } from '../fleet/RunIdentity.js';
import { type FleetJudge, type FleetStep, replayFleet, undoneBags } from '../fleet/replayFleet.js';
import { isInShard, parseShard, type Shard } from '../fleet/Shard.js';
import { writeFleetReport } from '../fleet/writeFleetReport.js';
import type { CommandContext } from './CommandContext.js';
import { checkOutputs } from './outputs/checkOutputs.js';
import { modelInputs } from './outputs/inputFiles.js';
import { showFleetReport, showFleetStep } from './showFleetReport.js';

/** Options of `replay` and `eval` for many bags. */
export interface FleetOptions {
  readonly outputDir?: string;
  readonly shard?: Shard;
  readonly listBags?: boolean;
  readonly report?: string;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Adds the options that apply only to many bags. */
export function addFleetOptions(command: Command): void {
  command
    .option(
      '--output-dir <folder>',
      "many bags: keep each one's result here and merge them; what is there already is not done again",
    )
    .option(
      '--list-bags',
      'print the bags that are named, as an @list, and end; with --output-dir those that are not done yet',
    )
    .option(
      '--shard <I/N>',
      'with --output-dir: only the bags of part I of N, from 0, without merging; `effvit merge` does that',
      (text) => {
        try {
          return parseShard(text);
        } catch (error) {
          throw new InvalidArgumentError(asEffvitError(error).message);
        }
      },
    );
}

/** Whether the paths name many bags; a single bag is replayed in another way. */
export async function areManyBags(paths: readonly string[], options: FleetOptions): Promise<boolean> {
  const [path = ''] = paths;
  const { outputDir, shard, listBags: isListing = false } = options;
  if (outputDir !== undefined || shard !== undefined || isListing) return true;
  if (paths.length > 1 || path.startsWith('@')) return true;
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return isGlob(path);
  return info.isDirectory() && (await holdsManyBags(path));
}

/** The work to do on many bags. */
export interface FleetWork extends Omit<RunRequest, 'tolerance'> {
  readonly paths: readonly string[];
  readonly classifying: ClassifierOptions;
  readonly judge?: FleetJudge | undefined;
}

/**
 * `effvit replay BAGS...` and `effvit eval BAGS...`: processes one bag after the other, then writes one report of all.
 */
export async function runFleet(
  work: FleetWork,
  options: FleetOptions,
  context: CommandContext,
): Promise<void> {
  const { terminal, signal } = context;
  const { outputDir, shard, report, force = false, json = false } = options;
  if (shard !== undefined && outputDir === undefined) {
    throw badArgument('--shard needs --output-dir, where the results of all shards come together.');
  }
  if (shard !== undefined && report !== undefined) {
    throw badArgument('A shard writes no --report: give that to `effvit merge` after all of them.');
  }
  const found = await findBags(work.paths);
  const bags = shard === undefined ? found : found.filter(({ name }) => isInShard(name, shard));
  const bagPaths = bags.map(({ path }) => path);
  if (outputDir !== undefined) await checkFleetFolder(outputDir, bagPaths, force);
  await checkOutputs({
    inputs: async () => [
      ...(await fleetInputs(work.paths, bags)),
      ...(await modelInputs(work.classifying.model)),
    ],
    outputs: [{ option: '--report', path: report, kind: 'html' }],
    isForced: force,
  });
  if (options.listBags === true) return await listBags(work, bags, outputDir, json, context);
  const temporary = outputDir === undefined ? await TemporaryFolder.make() : undefined;
  try {
    let done = 0;
    let failed = 0;
    const onStep = (step: FleetStep): void => {
      if (step.kind === 'failed') failed++;
      showFleetStep(step, `${++done}/${bags.length}`, !json && options.quiet !== true, terminal);
      terminal.progress('replaying', done, bags.length);
    };
    const folder = await withFleet(work, outputDir ?? temporary?.path ?? '', context, async (opened) => {
      await replayFleet({ ...work, ...opened, bags, signal, onStep });
      return opened.folder;
    });
    if (signal.aborted) {
      if (outputDir !== undefined) terminal.note('Stopped; the same command goes on from here.');
      return;
    }
    if (shard === undefined) {
      const names = bags.map(({ name }) => name);
      return await mergeFleet(folder, names, options, temporary === undefined, context);
    }
    if (json) terminal.json({ bags: bags.length, failed, run: folder.runKey });
    else {
      terminal.line(
        `shard ${shard.index}/${shard.count}: ${bags.length} of ${found.length} bags, ${failed} failed, run ${folder.runKey}`,
      );
    }
    if (failed > 0) context.exitCode = 1;
  } finally {
    await temporary?.remove();
  }
}

/** Starts the classifier and opens the folder of its results for `use`. */
async function withFleet<T>(
  { classifying, command, topics, detections, judge }: FleetWork,
  outputDir: string,
  { terminal, signal }: CommandContext,
  use: (opened: { readonly folder: FleetFolder; readonly classifier: Classifier }) => Promise<T>,
): Promise<T> {
  const model = await loadModel(classifying, { notice: (text) => terminal.note(text), signal });
  const classifier = await Classifier.start(model, { ...classifying, signal });
  try {
    const tolerance = judge?.sidecar === 'expected.json' ? judge.tolerance : undefined;
    const identity = await runIdentity(classifier, { command, topics, detections, tolerance }, signal);
    return await use({ folder: await FleetFolder.open(outputDir, identity), classifier });
  } finally {
    await classifier.close();
  }
}

async function listBags(
  work: FleetWork,
  bags: readonly FleetBag[],
  outputDir: string | undefined,
  isJson: boolean,
  context: CommandContext,
): Promise<void> {
  const { terminal, signal } = context;
  const folder =
    outputDir === undefined
      ? undefined
      : await withFleet(work, outputDir, context, async (opened) => opened.folder);
  const listed = folder === undefined ? bags : await undoneBags({ bags, folder, judge: work.judge, signal });
  // Paths are resolved, since the list may be read from another folder; names stay as given.
  const lines = listed.map((bag) => ({ ...bag, path: isUrl(bag.path) ? bag.path : resolve(bag.path) }));
  if (isJson) terminal.json({ run: folder?.runKey, bags: lines });
  else
    for (const { path, name, version } of lines) terminal.line([path, name, version ?? []].flat().join('\t'));
}

/**
 * Merges the folder's results of these bags, writes the report and shows it.
 *
 * @param isKept whether the folder is kept with the merged report in it.
 */
export async function mergeFleet(
  folder: FleetFolder,
  names: readonly string[],
  { report, json }: FleetOptions,
  isKept: boolean,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const merged = await fleetReport(folder.runKey, folder.identity, readFleet(folder, names));
  const written = isKept ? await writeFleetReport(folder, merged) : undefined;
  if (report !== undefined) await writeFileAtomic(report, fleetPage(merged.report));
  if (json === true) terminal.json(merged.report);
  else {
    showFleetReport(merged.report, terminal);
    for (const path of [written?.jsonPath, written?.htmlPath, report]) {
      if (path !== undefined) terminal.line(`report written to ${path}`);
    }
  }
  const { bags, differences } = merged.report;
  if (bags.failed + bags.missing + (differences?.frames ?? 0) > 0) context.exitCode = 1;
}

/**
 * Call this before writing results of many bags. The folder must be new, empty, or one with such results of effvit, and
 * must not be one of the input bags.
 *
 * @param bagPaths the bags that the command reads.
 * @throws EffvitError BAD_ARGUMENT naming the folder and the remedy
 */
export async function checkFleetFolder(
  path: string,
  bagPaths: readonly string[],
  isForced: boolean,
): Promise<void> {
  const refuse = (what: string): never => {
    throw badArgument(`--output-dir ${path} ${what}.`, { file: path });
  };
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) {
    const parent = await stat(dirname(resolve(path))).catch(() => undefined);
    if (parent === undefined)
      refuse(`is in a folder that does not exist: make ${dirname(resolve(path))} first`);
    if (parent?.isDirectory() === false) refuse('has a parent that is not a folder: name another');
    return;
  }
  if (!info.isDirectory()) refuse('is no folder: name one');
  const real = await realpath(path);
  const names = await readdir(path);
  for (const bag of bagPaths) {
    const realBag = await realpath(bag).catch(() => '');
    if (realBag === real) refuse('is a bag, which this command reads: name another folder');
    // A folder of results is not searched for bags, so the next run would not find them.
    if (realBag.startsWith(`${real}/`) && !names.includes(FLEET_MARK)) {
      refuse(`holds the bag ${bag}: name a folder of its own for the results`);
    }
  }
  if (isForced || names.length === 0 || names.includes(FLEET_MARK)) return;
  // A first run was killed before it wrote more.
  if (names.every((name) => name.startsWith(`.${FLEET_MARK}.`) || name === 'runs')) return;
  refuse('has files that effvit did not write: name another folder, or write into it with --force');
}

/**
 * The files that a command on many bags reads: the lists that were given, the bags, and what lies beside them.
 *
 * @param given the arguments: bags, folders, patterns, `@list`.
 */
export async function fleetInputs(given: readonly string[], bags: readonly FleetBag[]): Promise<string[]> {
  const inputs = given.filter((text) => text.startsWith('@')).map((text) => text.slice(1));
  for (const { path } of bags) {
    const beside = [await sidecarPath(path, 'truth.json'), await sidecarPath(path, 'expected.json')];
    inputs.push(path, ...beside.filter((one) => one !== undefined));
  }
  return inputs;
}
