import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asEffvitError, fileError } from '../core/EffvitError.js';
import { isFile } from '../core/readInput.js';
import { makeFolder, writeFileAtomic } from '../core/writeFileAtomic.js';
import type { StageSummaries } from '../stats/StageStatistics.js';
import { type BagResult, parseBagResult } from './BagResult.js';
import { type RunIdentity, runKey } from './RunIdentity.js';

/** The file that marks a folder of fleet results. */
export const FLEET_MARK = 'effvit-fleet.json';

const MARK_CONTENT = `${JSON.stringify({ generator: 'effvit', layout: 1 })}\n`;

/** Duration of one bag on this machine; stored separately from its result, which is the same on every machine. */
export interface BagTiming {
  readonly elapsedMs: number;
  readonly fps: number;
  readonly threads: number;
  readonly host: string;
  readonly stages: StageSummaries;
}

/** State of a bag by its name: the key of its result, or why there is none. */
export interface BagEntry {
  readonly name: string;
  /** From bagVersion or the list; the content is unchanged while it is the same. Empty if the bag could not be read. */
  readonly version: string;
  /** The key of its stored result. */
  readonly bag?: string;
  readonly problem?: { readonly code: string; readonly message: string };
  readonly timing?: BagTiming;
}

/**
 * The results of one run (a model with its options), in a folder that any number of processes may write to concurrently
 * and repeatedly:
 *
 * - `effvit-fleet.json`: what this folder is;
 * - `runs/RUN/run.json`: what RUN, a hash, was made of;
 * - `runs/RUN/results/KE/Y.json`: what a bag of this content gave, by whoever had it;
 * - `runs/RUN/bags/HA/SH.json`: of a bag's name, its key, or what is wrong with it, and how long it took;
 * - `runs/RUN/report.json`, `bags.jsonl`, `report.html`, `timings.json`: the merged report.
 *
 * Every file is written atomically, by a rename. Two processes with the same bag write the same result.
 */
export class FleetFolder {
  readonly path: string;
  readonly runKey: string;
  readonly identity: RunIdentity;

  private constructor(path: string, key: string, identity: RunIdentity) {
    this.path = path;
    this.runKey = key;
    this.identity = identity;
  }

  /** Opens the folder; creates missing parts. @throws EffvitError IO_FAILED */
  static async open(path: string, identity: RunIdentity): Promise<FleetFolder> {
    const folder = new FleetFolder(path, runKey(identity), identity);
    await makeFolder(folder.runPath()).catch((error: unknown) => {
      throw asEffvitError(error, 'IO_FAILED', `Cannot make ${folder.runPath()}`);
    });
    if (!(await isFile(join(path, FLEET_MARK)))) await writeFileAtomic(join(path, FLEET_MARK), MARK_CONTENT);
    if (!(await isFile(folder.runPath('run.json')))) {
      await writeFileAtomic(folder.runPath('run.json'), `${JSON.stringify(identity, undefined, 1)}\n`);
    }
    return folder;
  }

  /**
   * Opens the folder of an earlier run.
   *
   * @param run the first characters of a run's key; needed if there are several runs.
   * @throws EffvitError NOT_FOUND, BAD_ARGUMENT (which of several runs), IO_FAILED
   */
  static async existing(path: string, run = ''): Promise<FleetFolder> {
    if (!(await isFile(join(path, FLEET_MARK)))) {
      const remedy = `name what --output-dir named (it has no ${FLEET_MARK})`;
      throw fileError('NOT_FOUND', path, `holds no results of effvit: ${remedy}`);
    }
    const all = (await readdir(join(path, 'runs')).catch(() => [])).sort();
    const keys = all.filter((key) => key.startsWith(run));
    const [key] = keys;
    if (key === undefined) {
      throw fileError('NOT_FOUND', path, `has no run ${run}: it has ${all.join(', ') || 'none at all'}`);
    }
    if (keys.length > 1) {
      const remedy = `choose one by --run ${keys.join(' or ')}; run.json in each says what it was`;
      throw fileError('BAD_ARGUMENT', path, `has ${keys.length} runs (models or options): ${remedy}`);
    }
    const file = join(path, 'runs', key, 'run.json');
    try {
      return new FleetFolder(path, key, JSON.parse(await readFile(file, 'utf8')) as RunIdentity);
    } catch (error) {
      throw asEffvitError(error, 'IO_FAILED', `Cannot read ${file}`);
    }
  }

  /** A path in the run's folder. */
  runPath(...segments: string[]): string {
    return join(this.path, 'runs', this.runKey, ...segments);
  }

  /** Undefined if there is no complete result; the bag must then be processed. */
  async result(bag: string): Promise<BagResult | undefined> {
    const text = await readFile(this.#resultPath(bag), 'utf8').catch(() => undefined);
    const result = text === undefined ? undefined : parseBagResult(text);
    return result?.bag === bag ? result : undefined;
  }

  /** @throws EffvitError IO_FAILED */
  async keepResult(result: BagResult): Promise<void> {
    await writeFileAtomic(this.#resultPath(result.bag), `${JSON.stringify(result)}\n`);
  }

  /** Undefined if there is no complete entry of that name. */
  async entry(name: string): Promise<BagEntry | undefined> {
    const entry = await readEntry(this.#entryPath(name));
    return entry?.name === name ? entry : undefined;
  }

  /** @throws EffvitError IO_FAILED */
  async keepEntry(entry: BagEntry): Promise<void> {
    await writeFileAtomic(this.#entryPath(entry.name), `${JSON.stringify(entry)}\n`);
  }

  /** The names of all bags with an entry. */
  async names(): Promise<string[]> {
    const names: string[] = [];
    for (const part of await readdir(this.runPath('bags')).catch(() => [])) {
      for (const file of await readdir(this.runPath('bags', part)).catch(() => [])) {
        // Temporary files of a killed writer have another extension.
        if (!file.endsWith('.json')) continue;
        const entry = await readEntry(this.runPath('bags', part, file));
        if (entry !== undefined) names.push(entry.name);
      }
    }
    return names;
  }

  #resultPath(bag: string): string {
    return this.runPath('results', bag.slice(0, 2), `${bag.slice(2)}.json`);
  }

  #entryPath(name: string): string {
    const hash = createHash('sha256').update(name).digest('hex');
    return this.runPath('bags', hash.slice(0, 2), `${hash.slice(2, 40)}.json`);
  }
}

async function readEntry(path: string): Promise<BagEntry | undefined> {
  try {
    const entry = JSON.parse(await readFile(path, 'utf8')) as Partial<BagEntry> | null;
    return typeof entry?.name === 'string' && typeof entry.version === 'string'
      ? (entry as BagEntry)
      : undefined;
  } catch {
    return undefined;
  }
}
