import { copyFile, open, stat, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { asEffvitError, type EffvitError, fileError } from '../../core/EffvitError.js';
import { firstBytes } from '../../core/readInput.js';
import { TemporaryFolder } from '../../core/TemporaryFolder.js';
import type { BagWarnings } from '../BagWarnings.js';

type Value = number | bigint | string | Uint8Array | null;

/** A row by its column names. */
export type SqliteRow = Readonly<Record<string, Value>>;

/** First bytes of a rollback journal of an unfinished transaction (SQLite file format, 3). */
const HOT_JOURNAL_MAGIC = Buffer.from('d9d505f920a163d7', 'hex');

/**
 * A recording's database, open for reading only.
 *
 * It is opened through a link in a temporary folder, because node-sqlite3-wasm locks a file by creating a folder next
 * to it. That fails in a read-only folder, prevents a second reader, and remains after a kill. A write-ahead log is
 * copied next to the link, so that all committed messages of a killed recorder are read; exclusive locking replaces
 * shared memory, which a WebAssembly build does not have.
 */
export class SqliteDatabase {
  readonly #database: InstanceType<typeof sqlite.Database>;
  readonly #folder: TemporaryFolder;
  readonly #statements = new Set<InstanceType<typeof sqlite.Statement>>();
  readonly #path: string;

  private constructor(database: InstanceType<typeof sqlite.Database>, folder: TemporaryFolder, path: string) {
    this.#database = database;
    this.#folder = folder;
    this.#path = path;
  }

  /** @throws EffvitError BAD_BAG, IO_FAILED */
  static async open(path: string, warnings: BagWarnings): Promise<SqliteDatabase> {
    if ((await stat(path)).isFIFO()) throw fileError('BAD_BAG', path, 'is no regular file');
    const folder = await TemporaryFolder.make();
    const link = join(folder.path, 'bag.db3');
    try {
      const isHot = await hasHotJournal(path);
      if (isHot) {
        warnings.add(
          `${path} was being written when its recording stopped: the last transaction is left out.`,
        );
        await copyFile(path, link);
        await copyFile(`${path}-journal`, `${link}-journal`);
      } else {
        await symlink(resolve(path), link);
        if ((await sizeOf(`${path}-wal`)) > 0) await copyFile(`${path}-wal`, `${link}-wal`);
      }
      const database = new sqlite.Database(link, isHot ? { fileMustExist: true } : { readOnly: true });
      const opened = new SqliteDatabase(database, folder, path);
      try {
        database.exec('PRAGMA locking_mode = EXCLUSIVE');
        await opened.#check(warnings);
      } catch (error) {
        database.close();
        throw error;
      }
      return opened;
    } catch (error) {
      await folder.remove();
      throw asSqliteError(error, path);
    }
  }

  /** Reads the schema, also of a truncated file. */
  async #check(warnings: BagWarnings): Promise<void> {
    const sql = 'SELECT name FROM sqlite_master LIMIT 1';
    try {
      this.all(sql);
    } catch (error) {
      // With this, SQLite reads the present pages; it writes nothing, since the file is read-only.
      this.#database.exec('PRAGMA writable_schema = ON');
      this.all(sql);
      warnings.add(`${(error as Error).message}; it is cut off, at ${await sizeOf(this.#path)} bytes.`);
    }
  }

  /** @throws EffvitError as {@link iterate} */
  all(sql: string, values: readonly Value[] = []): SqliteRow[] {
    return [...this.iterate(sql, values)];
  }

  /** Rows one by one. @throws EffvitError BAD_BAG: the database is corrupted; CLOSED */
  *iterate(sql: string, values: readonly Value[] = []): Generator<SqliteRow, void, undefined> {
    this.#checkOpen();
    let statement: InstanceType<typeof sqlite.Statement> | undefined;
    try {
      statement = this.#database.prepare(sql);
      this.#statements.add(statement);
      for (const row of statement.iterate([...values])) {
        yield row as SqliteRow;
        this.#checkOpen();
      }
    } catch (error) {
      throw asSqliteError(error, this.#path);
    } finally {
      if (statement !== undefined && this.#statements.delete(statement)) finalize(statement);
    }
  }

  /** Ends iterations that still run; idempotent. */
  async close(): Promise<void> {
    if (!this.#database.isOpen) return;
    for (const statement of this.#statements) finalize(statement);
    this.#statements.clear();
    this.#database.close();
    await this.#folder.remove();
  }

  #checkOpen(): void {
    if (!this.#database.isOpen) throw fileError('CLOSED', this.#path, 'was closed while it was read');
  }
}

/** Finalising reports the statement's last error again. */
function finalize(statement: InstanceType<typeof sqlite.Statement>): void {
  try {
    statement.finalize();
  } catch {
    // The error was already thrown by the statement.
  }
}

function asSqliteError(error: unknown, path: string): EffvitError {
  const isFileError = (error as NodeJS.ErrnoException).syscall !== undefined;
  return asEffvitError(error, isFileError ? 'IO_FAILED' : 'BAD_BAG', `Cannot read the database ${path}`, {
    file: path,
  });
}

/** 0 for a missing file. */
const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

async function hasHotJournal(path: string): Promise<boolean> {
  if ((await sizeOf(`${path}-journal`)) === 0) return false;
  const handle = await open(`${path}-journal`, 'r');
  try {
    return HOT_JOURNAL_MAGIC.equals(await firstBytes(handle, HOT_JOURNAL_MAGIC.byteLength));
  } finally {
    await handle.close();
  }
}
