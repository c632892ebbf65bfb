import type { EvaluationReport } from '../classify/EvaluationTally.js';
import type { BagResult } from './BagResult.js';
import { compareTexts } from './FleetBag.js';
import type { BagEntry, BagTiming, FleetFolder } from './FleetFolder.js';
import { compareRows, type FleetRow, fleetRow, MISSING, meanScore, rounded } from './FleetRow.js';
import { CameraTotals, FleetTotals, totalOf } from './FleetTotals.js';
import type { RunIdentity } from './RunIdentity.js';

/** Most bags in report.json; bags.jsonl has all. */
const MOST_BAGS = 100_000;
/** Bags whose files are read at the same time. */
const READ_AT_ONCE = 32;

/** A bag with everything that the report needs. */
export interface KnownBag {
  readonly name: string;
  readonly entry?: BagEntry | undefined;
  readonly result?: BagResult | undefined;
}

/** The merged report, in the format of its file. It does not depend on time or machine. */
export interface FleetReport {
  readonly version: 1;
  readonly generator: 'effvit';
  readonly run: {
    readonly key: string;
    readonly command: string;
    readonly effvit: string;
    readonly model: string;
    readonly model_sha256?: string;
    readonly backend: string;
    readonly runtime: string;
    readonly simulated: boolean;
    readonly topics?: readonly string[];
    readonly detections?: readonly string[];
    readonly options: Readonly<Record<string, unknown>>;
  };
  readonly bags: {
    readonly named: number;
    /** With a result. */
    readonly done: number;
    /** Tried without success. */
    readonly failed: number;
    /** Not tried yet. */
    readonly missing: number;
    /** Bags with the same content as another one. */
    readonly copies: number;
  };
  readonly recorded_hours: number;
  readonly frames: ReturnType<typeof framesJson>;
  /** Messages of detectors that met no frame, by cause; present if boxes were classified. */
  readonly unmatched_detections?: Readonly<Record<string, number>>;
  /** Bags and frames that differ from the expected results. */
  readonly differences?: { readonly bags: number; readonly frames: number };
  readonly accuracy?: ReturnType<typeof accuracyJson>;
  /** By topic. */
  readonly cameras: readonly Record<string, unknown>[];
  /** Most frames first. */
  readonly classes: readonly Record<string, unknown>[];
  readonly worst_first: readonly FleetRow[];
}

export interface MergedFleet {
  readonly report: FleetReport;
  /** Worst first, all of them. */
  readonly rows: readonly FleetRow[];
  /** Values that differ between runs, stored separately; by name. */
  readonly timings: readonly (BagTiming & { readonly name: string })[];
}

/** Yields a folder's data of these bags one by one: all at once would fill the memory. */
export async function* readFleet(
  folder: FleetFolder,
  names: readonly string[],
): AsyncGenerator<KnownBag, void, undefined> {
  for (let first = 0; first < names.length; first += READ_AT_ONCE) {
    const some = names.slice(first, first + READ_AT_ONCE).map(async (name) => {
      const entry = await folder.entry(name);
      const result = entry?.bag === undefined ? undefined : await folder.result(entry.bag);
      return { name, entry, result };
    });
    yield* await Promise.all(some);
  }
}

/** Merges bags into one report, which does not depend on their order or on who processed them. */
export async function fleetReport(
  key: string,
  identity: RunIdentity,
  bags: Iterable<KnownBag> | AsyncIterable<KnownBag>,
): Promise<MergedFleet> {
  const { labels } = identity.model;
  const all = new FleetTotals();
  const cameras = new CameraTotals();
  const rowOf = new Map<string, FleetRow>();
  const timings: (BagTiming & { readonly name: string })[] = [];
  for await (const { name, entry, result } of bags) {
    if (rowOf.has(name)) continue;
    rowOf.set(name, fleetRow(name, entry, result, labels));
    if (entry?.timing !== undefined) timings.push({ name, ...entry.timing });
    if (result === undefined || entry?.problem !== undefined) continue;
    all.add(result, result.cameras);
    cameras.add(result);
  }
  timings.sort((a, b) => compareTexts(a.name, b.name));
  const rows = withCopies([...rowOf.values()].sort((a, b) => compareTexts(a.name, b.name)));
  rows.sort(compareRows);
  const failed = rows.filter(({ problem }) => problem !== undefined);
  const missing = failed.filter(({ code }) => code === MISSING).length;
  const accuracy = all.accuracy(labels);
  const { command, effvit, model, backend, runtime, simulated, topics, detections, options } = identity;
  return {
    rows,
    timings,
    report: {
      version: 1,
      generator: 'effvit',
      run: {
        key,
        command,
        effvit,
        model: model.name,
        ...(model.sha256 !== undefined && { model_sha256: model.sha256 }),
        backend,
        runtime,
        simulated,
        ...(topics !== undefined && { topics }),
        ...(detections !== undefined && { detections }),
        options,
      },
      bags: {
        named: rows.length,
        done: rows.length - failed.length,
        failed: failed.length - missing,
        missing,
        copies: rows.filter((row) => row.copy_of !== undefined).length,
      },
      recorded_hours: rounded(all.durationMs / 3_600_000, 4),
      frames: framesJson(all),
      ...(detections !== undefined && { unmatched_detections: all.unmatchedDetections() }),
      ...(identity.tolerance !== undefined && {
        differences: {
          bags: rows.filter(({ differences = 0 }) => differences > 0).length,
          frames: totalOf(rows, ({ differences = 0 }) => differences),
        },
      }),
      ...(accuracy !== undefined && { accuracy: accuracyJson(accuracy) }),
      cameras: cameras.list().map(([topic, totals]) => cameraJson(topic, totals, labels)),
      classes: classesJson(all, accuracy),
      worst_first: rows.slice(0, MOST_BAGS),
    },
  };
}

/** @param rows by name. */
function withCopies(rows: readonly FleetRow[]): FleetRow[] {
  const firstOf = new Map<string, string>();
  return rows.map((row) => {
    const other = row.key === undefined ? undefined : firstOf.get(row.key);
    if (row.key !== undefined && other === undefined) firstOf.set(row.key, row.name);
    return other === undefined ? row : { ...row, copy_of: other };
  });
}

function framesJson(totals: FleetTotals) {
  const regions = totals.regionCounts();
  return {
    received: totals.received,
    published: totals.published,
    dropped: totals.dropped(),
    without_class: totals.unnamed,
    unknown: totals.unknown(),
    ...(regions !== undefined && { regions }),
  };
}

function accuracyJson({ pictures, top1Percent, top5Percent, confusions }: EvaluationReport) {
  return {
    frames: pictures,
    top1_percent: rounded(top1Percent, 3),
    top5_percent: rounded(top5Percent, 3),
    confusions: confusions.slice(0, 100),
  };
}

function changesJson({ raw, smoothed, spanMs }: { raw: number; smoothed: number; spanMs: number }) {
  const perMinute = (count: number): number => (spanMs === 0 ? 0 : rounded((count * 60_000) / spanMs, 3));
  return { raw: perMinute(raw), smoothed: perMinute(smoothed) };
}

function cameraJson(topic: string, totals: FleetTotals, labels: readonly string[]): Record<string, unknown> {
  const classes = totals.classes();
  const named = totalOf(classes, ({ frames }) => frames);
  const accuracy = totals.accuracy(labels);
  return {
    topic,
    bags: totals.bags,
    ...framesJson(totals),
    ...(named > 0 && {
      mean_score: meanScore(
        totalOf(classes, ({ scoreSum }) => scoreSum),
        named,
      ),
    }),
    ...(totals.changes !== undefined && { changes_per_minute: changesJson(totals.changes) }),
    ...(accuracy !== undefined && {
      judged: accuracy.pictures,
      top1_percent: rounded(accuracy.top1Percent, 3),
      top5_percent: rounded(accuracy.top5Percent, 3),
    }),
    classes: classes.map(({ label, frames }) => ({ label, frames })),
  };
}

/** Every class that was the best of a frame, or is the true class of one. */
function classesJson(totals: FleetTotals, accuracy: EvaluationReport | undefined): Record<string, unknown>[] {
  const truths = new Map(accuracy?.classes.map((one) => [one.index, one]));
  const judged = (index: number): Record<string, unknown> => {
    const truth = truths.get(index);
    truths.delete(index);
    return truth === undefined
      ? {}
      : {
          judged: truth.pictures,
          top1_percent: rounded(truth.top1Percent, 3),
          top5_percent: rounded(truth.top5Percent, 3),
        };
  };
  const seen = totals.classes().map(({ index, label, frames, scoreSum, bags }) => ({
    index,
    label,
    frames,
    bags,
    mean_score: meanScore(scoreSum, frames),
    ...judged(index),
  }));
  const unseen = [...truths.values()]
    .sort((a, b) => a.index - b.index)
    .map(({ index, label }) => ({ index, label, frames: 0, bags: 0, ...judged(index) }));
  return [...seen, ...unseen];
}
