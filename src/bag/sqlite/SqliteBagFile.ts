import { EffvitError, fileError } from '../../core/EffvitError.js';
import { EventLoopPause } from '../../core/EventLoopPause.js';
import {
  type BagFile,
  type BagMessageFilter,
  type BagMessages,
  type BagTopic,
  compareTimes,
} from '../BagFile.js';
import { type BagWarnings, LostMessages } from '../BagWarnings.js';
import { SqliteDatabase } from './SqliteDatabase.js';
import { messageRow, type SqliteMessageRow, salvageRows } from './salvageRows.js';

/** A file of rosbag2's sqlite3 storage, of any schema version. */
export class SqliteBagFile implements BagFile {
  readonly path: string;
  readonly topics: readonly BagTopic[];
  readonly startNs: bigint | undefined;
  readonly endNs: bigint | undefined;
  readonly #database: SqliteDatabase;
  readonly #warnings: BagWarnings;
  readonly #topicsById: ReadonlyMap<bigint, BagTopic>;

  private constructor(path: string, database: SqliteDatabase, warnings: BagWarnings) {
    this.path = path;
    this.#database = database;
    this.#warnings = warnings;
    this.#topicsById = readTopics(database, path, warnings);
    this.topics = [...this.#topicsById.values()];
    this.startNs = timeOf(database, 'MIN');
    this.endNs = timeOf(database, 'MAX');
  }

  /** @throws EffvitError NOT_FOUND, BAD_BAG (no recording), IO_FAILED */
  static async open(path: string, warnings: BagWarnings): Promise<SqliteBagFile> {
    const database = await SqliteDatabase.open(path, warnings);
    try {
      return new SqliteBagFile(path, database, warnings);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  async *messages(filter: BagMessageFilter): BagMessages {
    const pause = new EventLoopPause();
    const lost = new LostMessages(this.#warnings);
    try {
      for (const row of this.#rows(filter)) {
        await pause.due();
        const topic = this.#topicsById.get(row.topicId);
        if (topic === undefined) {
          lost.add(`they are of topic ${row.topicId}, which it does not describe.`);
          continue;
        }
        if (filter.topics !== undefined && !filter.topics.has(topic.name)) continue;
        let data: Uint8Array;
        try {
          data = this.#data(row.id);
        } catch (error) {
          if (!(error instanceof EffvitError) || error.code !== 'BAD_BAG') throw error;
          lost.add(`${error.message}.`);
          continue;
        }
        const { name, type, encoding } = topic;
        const times = { logTimeNs: row.timeNs, publishTimeNs: row.timeNs };
        yield { topic: name, type, encoding, ...times, sequence: 0, data };
      }
    } finally {
      lost.warn(`messages of ${this.path}`);
    }
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  /** In log-time order; after a read error, the remaining rows are salvaged. */
  *#rows(filter: BagMessageFilter): Generator<SqliteMessageRow, void, undefined> {
    // Data are fetched row by row, so that a broken page loses only its own message, and SQLite sorts numbers instead
    // of images if an index is missing.
    const { startNs, endNs } = filter;
    const clauses = `${startNs === undefined ? '1' : 'timestamp >= ?'} AND ${endNs === undefined ? '1' : 'timestamp <= ?'}`;
    let last: SqliteMessageRow | undefined;
    try {
      const found = this.#database.iterate(
        `SELECT id, topic_id, timestamp FROM messages WHERE ${clauses} ORDER BY timestamp, id`,
        [startNs, endNs].filter((timeNs) => timeNs !== undefined),
      );
      for (const columns of found) {
        const row = messageRow(columns);
        if (row === undefined) {
          this.#warnings.add(`${this.path} has a message whose time or topic is no number: it is missing.`);
          continue;
        }
        last = row;
        yield row;
      }
      return;
    } catch (error) {
      if (!(error instanceof EffvitError) || error.code !== 'BAD_BAG') throw error;
      this.#warnings.add(`${error.message}: what its intact pages hold is read.`);
    }
    const rest = salvageRows(this.#database)
      .filter(
        (row) =>
          (last === undefined || compareRows(row, last) > 0) &&
          (startNs === undefined || row.timeNs >= startNs) &&
          (endNs === undefined || row.timeNs <= endNs),
      )
      .sort(compareRows);
    yield* rest;
  }

  #data(id: bigint): Uint8Array {
    const data = this.#database.all('SELECT data FROM messages WHERE id = ?', [id])[0]?.['data'];
    if (!(data instanceof Uint8Array)) throw new EffvitError('BAD_BAG', 'a message has no data');
    return data;
  }
}

function readTopics(
  database: SqliteDatabase,
  path: string,
  warnings: BagWarnings,
): ReadonlyMap<bigint, BagTopic> {
  const tables = new Set(database.all('SELECT name FROM sqlite_master').map(({ name }) => name));
  if (!tables.has('topics') || !tables.has('messages')) {
    throw fileError('BAD_BAG', path, 'is a database, but no rosbag2 recording: it has no messages table');
  }
  const counts = new Map<bigint, number>();
  let areCounted = true;
  try {
    const sql = 'SELECT topic_id, COUNT(*) AS count FROM messages GROUP BY topic_id';
    for (const { topic_id, count } of database.iterate(sql)) {
      counts.set(BigInt(topic_id as number | bigint), Number(count));
    }
  } catch (error) {
    areCounted = false;
    warnings.add(`${(error as Error).message}: its messages cannot be counted.`);
  }
  const topics = new Map<bigint, BagTopic>();
  for (const row of database.iterate('SELECT * FROM topics ORDER BY id')) {
    const { id, name, type, serialization_format: encoding, offered_qos_profiles: qos } = row;
    if ((typeof id !== 'number' && typeof id !== 'bigint') || typeof name !== 'string') {
      warnings.add(`${path} has a topic without a name: its messages are missing.`);
      continue;
    }
    topics.set(BigInt(id), {
      name,
      type: typeof type === 'string' ? type : '',
      encoding: typeof encoding === 'string' ? encoding : '',
      messageCount: areCounted ? (counts.get(BigInt(id)) ?? 0) : undefined,
      qos: typeof qos === 'string' && qos !== '' ? qos : undefined,
    });
  }
  return topics;
}

function timeOf(database: SqliteDatabase, which: 'MIN' | 'MAX'): bigint | undefined {
  try {
    const time = database.all(`SELECT ${which}(timestamp) AS time FROM messages`)[0]?.['time'];
    return typeof time === 'number' || typeof time === 'bigint' ? BigInt(time) : undefined;
  } catch {
    return undefined;
  }
}

function compareRows(a: SqliteMessageRow, b: SqliteMessageRow): number {
  return compareTimes(a.timeNs, b.timeNs) || compareTimes(a.id, b.id);
}
