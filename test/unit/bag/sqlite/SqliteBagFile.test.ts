import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import sqlite from 'node-sqlite3-wasm';
import { openBag } from '../../../../src/bag/openBag.js';
import { cameraMessages, plain, readBag, writeSqlite } from '../../../helpers/bags.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

describe('SqliteBagFile', () => {
  const scratch = scratchFolder();
  const messages = cameraMessages(10);

  it('changes nothing in the folder, and reads one that cannot be written', async () => {
    mkdirSync(scratch.path('bag'));
    writeSqlite(scratch.path('bag', 'a.db3'), messages);
    const before = readFileSync(scratch.path('bag', 'a.db3'));
    chmodSync(scratch.path('bag', 'a.db3'), 0o444);
    chmodSync(scratch.path('bag'), 0o555);
    try {
      const bag = await openBag(scratch.path('bag', 'a.db3'));
      for await (const _ of bag.messages()) {
        assert.deepEqual(readdirSync(scratch.path('bag')), ['a.db3']);
        break;
      }
      await bag.close();
    } finally {
      chmodSync(scratch.path('bag'), 0o755);
    }
    assert.deepEqual(readdirSync(scratch.path('bag')), ['a.db3']);
    assert.ok(before.equals(readFileSync(scratch.path('bag', 'a.db3'))));
  });

  it('reads a database beside which another program left a lock', async () => {
    writeSqlite(scratch.path('a.db3'), messages);
    mkdirSync(scratch.path('a.db3.lock'));
    assert.equal((await readBag(scratch.path('a.db3'))).messages.length, messages.length);
    assert.ok(existsSync(scratch.path('a.db3.lock')));
  });

  it('reads what a write-ahead log holds, as a recorder that was killed leaves it', async () => {
    const database = new sqlite.Database(scratch.path('live.db3'));
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    assert.deepEqual(database.get('PRAGMA journal_mode = wal'), { journal_mode: 'wal' });
    database.exec(
      "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT); CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB); INSERT INTO topics VALUES (1, '/c', 'a/msg/B', 'cdr')",
    );
    for (let at = 0; at < 5; at++) {
      database.run('INSERT INTO messages (topic_id, timestamp, data) VALUES (1, ?, ?)', [
        at,
        Uint8Array.of(0, at),
      ]);
    }
    for (const suffix of ['', '-wal'])
      copyFileSync(scratch.path(`live.db3${suffix}`), scratch.path(`a.db3${suffix}`));
    database.close();
    const names = readdirSync(scratch.path());
    const before = ['', '-wal'].map((suffix) => readFileSync(scratch.path(`a.db3${suffix}`)));
    const bag = await readBag(scratch.path('a.db3'));
    assert.equal(bag.messages.length, 5);
    assert.deepEqual(bag.warnings, []);
    assert.deepEqual(readdirSync(scratch.path()), names);
    assert.deepEqual(
      ['', '-wal'].map((suffix) => readFileSync(scratch.path(`a.db3${suffix}`))),
      before,
    );
  });

  it('reads a database of write-ahead mode whose log is gone', async () => {
    writeSqlite(scratch.path('a.db3'), messages, { journalMode: 'wal' });
    assert.equal(readFileSync(scratch.path('a.db3'))[18], 2);
    assert.deepEqual(plain((await readBag(scratch.path('a.db3'))).messages), plain(messages));
  });

  it('leaves out a transaction that was not finished, and says so', async () => {
    writeSqlite(scratch.path('a.db3'), messages);
    const database = new sqlite.Database(scratch.path('a.db3'));
    // A cache of one page makes it write before the commit.
    database.exec('PRAGMA cache_size = 1; BEGIN');
    for (let at = 0; at < 50; at++) {
      database.run('INSERT INTO messages (topic_id, timestamp, data) VALUES (1, ?, ?)', [
        at,
        new Uint8Array(5000),
      ]);
    }
    assert.ok(existsSync(scratch.path('a.db3-journal')));
    mkdirSync(scratch.path('copy'));
    for (const name of ['a.db3', 'a.db3-journal'])
      copyFileSync(scratch.path(name), scratch.path('copy', name));
    database.exec('ROLLBACK');
    database.close();
    const bag = await readBag(scratch.path('copy', 'a.db3'));
    assert.deepEqual(plain(bag.messages), plain(messages));
    assert.match(bag.warnings.join(), /was being written when its recording stopped/);
    assert.deepEqual(readdirSync(scratch.path('copy')), ['a.db3', 'a.db3-journal']);
  });

  it('refuses a database that is no recording', async () => {
    const database = new sqlite.Database(scratch.path('a.db3'));
    database.exec('CREATE TABLE places (name TEXT)');
    database.close();
    await assert.rejects(openBag(scratch.path('a.db3')), {
      code: 'BAD_BAG',
      message: /is a database, but no rosbag2 recording: it has no messages table/,
    });
  });

  it('says which rows are no messages', async () => {
    writeSqlite(scratch.path('a.db3'), messages, {
      afterwards: `INSERT INTO messages VALUES (1000, 99, 5, x'00');
        INSERT INTO messages VALUES (1001, 1, 6, 'text');
        INSERT INTO messages VALUES (1002, 'abc', 7, x'00');
        INSERT INTO messages VALUES (1003, 1, 1.5, x'00')`,
    });
    const bag = await readBag(scratch.path('a.db3'));
    assert.equal(bag.messages.length, messages.length);
    const said = bag.warnings.join('\n');
    assert.match(
      said,
      /2 messages of .*a\.db3 are missing: they are of topic 99, which it does not describe/,
    );
    assert.match(said, /has a message whose time or topic is no number/);
  });

  it('reads times of any size to the nanosecond', async () => {
    const times = [-1n, 0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n];
    writeSqlite(
      scratch.path('a.db3'),
      times.map((logTimeNs) => ({ topic: '/a', type: 'b', logTimeNs, data: new Uint8Array(1) })),
    );
    const bag = await readBag(scratch.path('a.db3'));
    assert.deepEqual(
      bag.messages.map(({ logTimeNs }) => logTimeNs),
      times,
    );
  });

  it('salvages what the intact pages of a damaged file hold', async () => {
    const many = cameraMessages(400);
    writeSqlite(scratch.path('a.db3'), many);
    const bytes = readFileSync(scratch.path('a.db3'));
    const known = new Set(plain(many).map((message) => JSON.stringify(message, asText)));
    const pages = bytes.byteLength / 4096;
    assert.ok(pages > 20);
    let wholeFiles = 0;
    for (let page = 4; page < pages; page += 3) {
      const broken = Buffer.from(bytes);
      broken.fill(0xa5, page * 4096, (page + 1) * 4096);
      writeFileSync(scratch.path('b.db3'), broken);
      const bag = await readBag(scratch.path('b.db3'));
      for (const message of plain(bag.messages)) assert.ok(known.has(JSON.stringify(message, asText)));
      // An interior page of a tree this small holds a good part of it; any other holds little.
      assert.ok(bag.messages.length > many.length / 2, `page ${page}: ${bag.messages.length} messages`);
      if (bag.messages.length === many.length) wholeFiles += 1;
      else assert.notDeepEqual(bag.warnings, []);
      assert.deepEqual(
        bag.messages.map(({ logTimeNs }) => logTimeNs),
        bag.messages.map(({ logTimeNs }) => logTimeNs).sort((a, b) => Number(a - b)),
      );
    }
    assert.ok(wholeFiles < pages / 3);
  });

  it('reads what is left of a file that is cut off', async () => {
    const many = cameraMessages(400);
    writeSqlite(scratch.path('a.db3'), many);
    const bytes = readFileSync(scratch.path('a.db3'));
    for (const share of [0.25, 0.5, 0.75, 0.95]) {
      writeFileSync(scratch.path('b.db3'), bytes.subarray(0, Math.floor(bytes.byteLength * share)));
      const bag = await readBag(scratch.path('b.db3'));
      assert.ok(bag.messages.length > many.length * (share - 0.2), `${share}: ${bag.messages.length}`);
      assert.ok(bag.messages.length < many.length);
      assert.notDeepEqual(bag.warnings, []);
    }
  });

  it('gives other work its turn', async () => {
    writeSqlite(scratch.path('a.db3'), cameraMessages(3000));
    const bag = await openBag(scratch.path('a.db3'));
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    for await (const _ of bag.messages());
    clearInterval(timer);
    await bag.close();
    assert.ok(turns > 2, `${turns} turns`);
  });
});

function asText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
