import type { SqliteDatabase, SqliteRow } from './SqliteDatabase.js';

/** A message without its data. */
export interface SqliteMessageRow {
  readonly id: bigint;
  readonly topicId: bigint;
  readonly timeNs: bigint;
}

/** Each probe is one tree search; this many take seconds and find the gaps of any file. */
const MOST_PROBES = 2000;

const LARGEST_ID = 2n ** 63n - 1n;

/**
 * All readable rows of a corrupted database. The table is read from both ends; if a read fails, the range of ids in
 * between is bisected to find the rows beyond the broken pages.
 */
export function salvageRows(database: SqliteDatabase): SqliteMessageRow[] {
  const rows = new Map<bigint, SqliteMessageRow>();
  const gaps: [low: bigint, high: bigint][] = [[0n, LARGEST_ID]];
  for (let probe = 0; probe < MOST_PROBES; probe++) {
    const gap = gaps.shift();
    if (gap === undefined) break;
    const [low, high] = gap;
    const forward = walk(database, low, high, 'ASC', rows);
    if (forward.isComplete) continue;
    const backward = walk(database, low, high, 'DESC', rows);
    const left = forward.lastId === undefined ? low : forward.lastId + 1n;
    const right = backward.lastId === undefined ? high : backward.lastId - 1n;
    if (backward.isComplete || left >= right) continue;
    const middle = (left + right) / 2n;
    gaps.push([left, middle], [middle + 1n, right]);
  }
  return [...rows.values()];
}

function walk(
  database: SqliteDatabase,
  low: bigint,
  high: bigint,
  direction: 'ASC' | 'DESC',
  rows: Map<bigint, SqliteMessageRow>,
): { isComplete: boolean; lastId: bigint | undefined } {
  let lastId: bigint | undefined;
  try {
    const found = database.iterate(
      `SELECT id, topic_id, timestamp FROM messages NOT INDEXED WHERE id BETWEEN ? AND ? ORDER BY id ${direction}`,
      [low, high],
    );
    for (const columns of found) {
      const row = messageRow(columns);
      if (row === undefined) continue;
      lastId = row.id;
      rows.set(row.id, row);
    }
    return { isComplete: true, lastId };
  } catch {
    return { isComplete: false, lastId };
  }
}

/** Undefined if a column holds no integer: SQLite does not enforce column types. */
export function messageRow({ id, topic_id, timestamp }: SqliteRow): SqliteMessageRow | undefined {
  if (!isInteger(id) || !isInteger(topic_id) || !isInteger(timestamp)) return undefined;
  return { id: BigInt(id), topicId: BigInt(topic_id), timeNs: BigInt(timestamp) };
}

function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isInteger(value);
}
