import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compress, isLoaded } from '@foxglove/wasm-zstd';
import { McapWriter, type McapWriterOptions, TempBuffer } from '@mcap/core';
import { compressFrameSync } from 'lz4-napi';
import sqlite from 'node-sqlite3-wasm';
import type { RawBagMessage } from '../../src/bag/BagFile.js';
import type { BagReadOptions } from '../../src/bag/BagReader.js';
import { openBag } from '../../src/bag/openBag.js';
import { compressedImageCdr, imageCdr } from './imageMessages.js';

export interface TestMessage {
  topic: string;
  type: string;
  logTimeNs: bigint;
  data: Uint8Array;
  /** In MCAP each publisher of a topic has a channel of its own. */
  publisher?: string;
  /** In MCAP; cdr where not given. */
  encoding?: string;
}

export const IMAGE = 'sensor_msgs/msg/Image';
export const COMPRESSED = 'sensor_msgs/msg/CompressedImage';
export const START_NS = 1_700_000_000_000_000_000n;
export const STEP_NS = 100_000_000n;

/** Two cameras and a topic without images, one message of each a step, each with its number in it. */
export function cameraMessages(count: number): TestMessage[] {
  return Array.from({ length: count }, (_, at) => {
    const logTimeNs = START_NS + BigInt(at) * STEP_NS;
    const stamp = { sec: 100 + at, nanosec: at };
    const data = Uint8Array.from({ length: 6 * 24 }, (_unused, byte) => (byte * 7 + at) & 255);
    return [
      {
        topic: '/front/image_raw',
        type: IMAGE,
        logTimeNs,
        data: imageCdr({
          ...stamp,
          frameId: 'front',
          heightPx: 6,
          widthPx: 8,
          encoding: 'rgb8',
          strideBytes: 24,
          data,
        }),
      },
      {
        topic: '/rear/image_raw/compressed',
        type: COMPRESSED,
        logTimeNs: logTimeNs + 1000n,
        data: compressedImageCdr({ ...stamp, frameId: 'rear', data: Uint8Array.of(0xff, 0xd8, at) }),
      },
      {
        topic: '/chatter',
        type: 'std_msgs/msg/String',
        logTimeNs: logTimeNs + 2000n,
        data: Uint8Array.of(0, 1, 0, 0, 2, 0, 0, 0, 65 + (at % 26), 0),
      },
    ];
  }).flat();
}

export type McapCompression = '' | 'zstd' | 'lz4';

/** The bytes of an MCAP file, by the library's own writer. */
export async function mcapBytes(
  messages: readonly TestMessage[],
  {
    compression = '',
    ...options
  }: Omit<McapWriterOptions, 'writable'> & { compression?: McapCompression } = {},
): Promise<Uint8Array> {
  await isLoaded;
  const buffer = new TempBuffer();
  const writer = new McapWriter({
    writable: buffer,
    chunkSize: 1000,
    ...(compression === ''
      ? {}
      : {
          compressChunk: (chunk) => ({
            compression,
            compressedData:
              compression === 'zstd' ? compress(chunk, 1) : compressFrameSync(Buffer.from(chunk)),
          }),
        }),
    ...options,
  });
  await writer.start({ profile: 'ros2', library: 'test' });
  const channels = new Map<string, number>();
  for (const [
    sequence,
    { topic, type, logTimeNs, data, publisher = '', encoding = 'cdr' },
  ] of messages.entries()) {
    let channelId = channels.get(topic + publisher);
    if (channelId === undefined) {
      const schemaId = await writer.registerSchema({
        name: type,
        encoding: encoding === 'cdr' ? 'ros2msg' : '',
        data: new Uint8Array(0),
      });
      channelId = await writer.registerChannel({
        schemaId,
        topic,
        messageEncoding: encoding,
        metadata: new Map([['offered_qos_profiles', '- history: 1']]),
      });
      channels.set(topic + publisher, channelId);
    }
    await writer.addMessage({ channelId, sequence, logTime: logTimeNs, publishTime: logTimeNs - 5n, data });
  }
  await writer.end();
  return buffer.get();
}

export interface SqliteOptions {
  /** SQL that follows on the tables, e.g. to break them. */
  afterwards?: string;
  /** Before version 3 the topics had no profiles. */
  withQos?: boolean;
  withIndex?: boolean;
  journalMode?: string;
}

/** A database as rosbag2's sqlite3 storage lays it out. */
export function writeSqlite(
  path: string,
  messages: readonly TestMessage[],
  { afterwards = '', withQos = true, withIndex = true, journalMode = 'delete' }: SqliteOptions = {},
): void {
  mkdirSync(dirname(path), { recursive: true });
  const database = new sqlite.Database(path);
  try {
    if (journalMode === 'wal') database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.all(`PRAGMA journal_mode = ${journalMode}`);
    database.exec(
      `CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, serialization_format TEXT NOT NULL${withQos ? ', offered_qos_profiles TEXT NOT NULL' : ''})`,
    );
    database.exec(
      'CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL)',
    );
    if (withIndex) database.exec('CREATE INDEX timestamp_idx ON messages (timestamp ASC)');
    database.exec('BEGIN');
    const topics: string[] = [];
    for (const { topic, type, logTimeNs, data } of messages) {
      if (!topics.includes(topic)) {
        topics.push(topic);
        database.run(`INSERT INTO topics VALUES (?, ?, ?, 'cdr'${withQos ? ", '- history: 1'" : ''})`, [
          topics.length,
          topic,
          type,
        ]);
      }
      database.run('INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)', [
        topics.indexOf(topic) + 1,
        logTimeNs,
        data,
      ]);
    }
    database.exec('COMMIT');
    if (afterwards !== '') database.exec(afterwards);
  } finally {
    database.close();
    rmSync(`${path}.lock`, { recursive: true, force: true });
  }
}

export interface FolderFile {
  name: string;
  bytes?: Uint8Array;
  /** Written as a database where there are no bytes. */
  messages: readonly TestMessage[];
}

/** A rosbag2 folder with a `metadata.yaml` of version 5. */
export function writeFolder(
  folder: string,
  files: readonly FolderFile[],
  { storage = 'mcap', mode = '', version = 5, prefix = '' } = {},
): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, bytes, messages } of files) {
    if (bytes === undefined) writeSqlite(join(folder, name), messages);
    else writeFileSync(join(folder, name), bytes);
  }
  const all = files.flatMap(({ messages }) => messages);
  const topics = [...new Set(all.map(({ topic }) => topic))].map((name) => ({
    name,
    type: all.find(({ topic }) => topic === name)?.type ?? '',
    count: all.filter(({ topic }) => topic === name).length,
  }));
  const times = (messages: readonly TestMessage[], pad: string): string => {
    const start = messages[0]?.logTimeNs ?? 0n;
    const end = messages.at(-1)?.logTimeNs ?? 0n;
    return `${pad}starting_time:\n${pad}  nanoseconds_since_epoch: ${start}\n${pad}duration:\n${pad}  nanoseconds: ${end - start}\n${pad}message_count: ${messages.length}\n`;
  };
  writeFileSync(
    join(folder, 'metadata.yaml'),
    `rosbag2_bagfile_information:
  version: ${version}
  storage_identifier: ${storage}
${times(all, '  ')}  topics_with_message_count:
${topics
  .map(
    ({ name, type, count }) =>
      `    - topic_metadata:\n        name: ${name}\n        type: ${type}\n        serialization_format: cdr\n        offered_qos_profiles: "- history: 1"\n      message_count: ${count}\n`,
  )
  .join('')}  compression_format: "${mode === '' ? '' : 'zstd'}"
  compression_mode: "${mode}"
  relative_file_paths:
${files.map(({ name }) => `    - ${prefix}${name}\n`).join('')}  files:
${files.map(({ name, messages }) => `    - path: ${name}\n${times(messages, '      ')}`).join('')}`,
  );
}

export interface ReadBag {
  messages: RawBagMessage[];
  warnings: readonly string[];
}

/** All messages of a bag, and what it says is missing after they were read. */
export async function readBag(path: string, options?: BagReadOptions): Promise<ReadBag> {
  const bag = await openBag(path);
  try {
    const messages: RawBagMessage[] = [];
    for await (const message of bag.messages(options)) messages.push(message);
    return { messages, warnings: bag.warnings };
  } finally {
    await bag.close();
  }
}

/** What messages are, for comparison. */
export function plain(messages: readonly (TestMessage | RawBagMessage)[]): unknown[] {
  return messages.map(({ topic, type, logTimeNs, data }) => ({
    topic,
    type,
    logTimeNs,
    data: Buffer.from(data).toString('hex'),
  }));
}
