import type { BagResult } from './BagResult.js';
import { rounded, sortedCounts, totalOf } from './CameraCounts.js';
import { compareTexts } from './FleetBag.js';
import type { BagEntry, BagTiming, FleetFolder } from './FleetFolder.js';
import { compareRows, type FleetRow, fleetRow, MISSING } from './FleetRow.js';
import { FleetTotals } from './FleetTotals.js';
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

/** All bags of a run, merged: the report, a row for each bag (worst first), and the timings. */
export type MergedFleet = Awaited<ReturnType<typeof fleetReport>>;

/** The merged report, in the format of its file. It does not depend on time or machine. */
export type FleetReport = MergedFleet['report'];

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

/**
 * Merges bags into one report, which does not depend on their order or on who processed them. The timings do, and are
 * separate from it.
 */
export async function fleetReport(
  key: string,
  identity: RunIdentity,
  bags: Iterable<KnownBag> | AsyncIterable<KnownBag>,
) {
  const { labels } = identity.model;
  const all = new FleetTotals(labels);
  const cameras = new Map<string, FleetTotals>();
  const rowOf = new Map<string, FleetRow>();
  const timings: (BagTiming & { readonly name: string })[] = [];
  for await (const { name, entry, result } of bags) {
    if (rowOf.has(name)) continue;
    rowOf.set(name, fleetRow(name, entry, result, labels));
    if (entry?.timing !== undefined) timings.push({ name, ...entry.timing });
    if (result === undefined || entry?.problem !== undefined) continue;
    all.add(result, result.cameras);
    for (const camera of result.cameras) {
      const totals = cameras.get(camera.topic) ?? new FleetTotals(labels);
      cameras.set(camera.topic, totals);
      totals.add(result, [camera]);
    }
  }
  timings.sort((a, b) => compareTexts(a.name, b.name));
  const rows = withCopies([...rowOf.values()].sort((a, b) => compareTexts(a.name, b.name)));
  rows.sort(compareRows);
  const failed = rows.filter(({ problem }) => problem !== undefined);
  const missing = failed.filter(({ code }) => code === MISSING).length;
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
        model_sha256: model.sha256,
        backend,
        runtime,
        simulated,
        topics,
        detections,
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
      frames: all.framesJson(),
      unmatched_detections: detections && sortedCounts(all.unmatchedDetections),
      differences:
        identity.tolerance === undefined
          ? undefined
          : {
              bags: rows.filter(({ differences = 0 }) => differences > 0).length,
              frames: totalOf(rows, ({ differences = 0 }) => differences),
            },
      accuracy: all.accuracyJson(),
      cameras: [...cameras]
        .sort(([a], [b]) => compareTexts(a, b))
        .map(([topic, totals]) => totals.cameraJson(topic)),
      classes: all.classesJson(),
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
