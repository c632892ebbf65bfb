import { stat } from 'node:fs/promises';
import type { McapTypes } from '@mcap/core';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { fileError, readError } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';

export const METADATA_NAME = 'metadata.yaml';

/** A metadata.yaml lists topics and files; a larger file is rejected. */
const MOST_BYTES = 16 * 1024 * 1024;

/** rosbag2 marks the start of an empty recording with the largest int64. */
const NO_TIME_NS = 2n ** 63n - 1n;

const integer = z.union([z.bigint(), z.number().int().transform(BigInt)]);

const topic = z
  .object({
    topic_metadata: z.object({
      name: z.string(),
      type: z.string(),
      serialization_format: z.string(),
      offered_qos_profiles: z.unknown().optional(),
    }),
    message_count: integer,
  })
  .transform(
    ({ topic_metadata: { name, type, serialization_format, offered_qos_profiles }, message_count }) => ({
      name,
      type,
      encoding: serialization_format,
      messageCount: Number(message_count),
      qos: qosOf(offered_qos_profiles),
    }),
  );

/** An entry of `files` (metadata version 5 and later). */
const file = z
  .object({
    path: z.string(),
    starting_time: z.object({ nanoseconds_since_epoch: integer }),
    duration: z.object({ nanoseconds: integer }),
    message_count: integer,
  })
  .transform(({ path, starting_time: { nanoseconds_since_epoch: startNs }, duration }) =>
    startNs === NO_TIME_NS
      ? { path, startNs: undefined, endNs: undefined }
      : { path, startNs, endNs: startNs + duration.nanoseconds },
  );

const information = z
  .object({
    version: integer,
    storage_identifier: z.string(),
    relative_file_paths: z.array(z.string()).nullable(),
    message_count: integer.transform(Number).optional(),
    compression_format: z.string().nullish(),
    /** In upper case in old versions: `file`, `message` or empty. */
    compression_mode: z.string().nullish(),
    topics_with_message_count: z
      .array(
        z
          // Version 1 had another name for it.
          .preprocess(
            (entry) =>
              typeof entry === 'object' && entry !== null && 'topic_and_type' in entry
                ? { ...entry, topic_metadata: entry.topic_and_type }
                : entry,
            topic,
          ),
      )
      .nullish(),
    files: z.array(file).nullish(),
  })
  .transform((info) => ({
    storageIdentifier: info.storage_identifier,
    relativeFilePaths: info.relative_file_paths ?? [],
    messageCount: info.message_count,
    compressionMode: (info.compression_mode ?? '').toLowerCase(),
    topics: info.topics_with_message_count ?? [],
    files: info.files ?? [],
  }));

const schema = z.object({ rosbag2_bagfile_information: information });

/** Content of a rosbag2 folder's `metadata.yaml`, of any version. */
export type BagMetadata = z.output<typeof information>;

/** A topic of a recording that is written. */
export interface WrittenTopic {
  readonly name: string;
  readonly type: string;
  /** YAML, see `offeredQosProfiles`. */
  readonly qos: string;
  readonly channelId: number;
}

/** @throws EffvitError NOT_FOUND, BAD_BAG (no YAML, or not of this form), IO_FAILED */
export async function readBagMetadata(path: string): Promise<BagMetadata> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw fileError('BAD_BAG', path, `has ${size} bytes: no bag's metadata`);
    text = (await readInput(path)).toString();
  } catch (error) {
    throw readError(error, path, `There is no ${path}.`);
  }
  let content: unknown;
  try {
    content = parse(text, { intAsBigInt: true, logLevel: 'error' });
  } catch (error) {
    // Only the first line: the parser shows an excerpt of the file on further lines.
    const [reason = ''] = (error as Error).message.split('\n');
    throw fileError('BAD_BAG', path, `is no YAML: ${reason.replace(/:$/, '')}`, error);
  }
  const { data, error } = schema.safeParse(content);
  if (data !== undefined) return data.rosbag2_bagfile_information;
  const issue = error.issues[0];
  const what = `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'unknown form'}`;
  throw fileError('BAD_BAG', path, `is no metadata of a rosbag2 recording: ${what}`, error);
}

/**
 * rosbag2's metadata of a recording of one file, version 5: Humble writes this version and every later release reads
 * it. In `metadata.yaml` it is nested under `rosbag2_bagfile_information`.
 */
export function bagMetadata(path: string, topics: Iterable<WrittenTopic>, statistics: McapTypes.Statistics) {
  const { messageCount: message_count, messageStartTime, messageEndTime, channelMessageCounts } = statistics;
  const starting_time = { nanoseconds_since_epoch: message_count === 0n ? NO_TIME_NS : messageStartTime };
  const duration = { nanoseconds: messageEndTime - messageStartTime };
  return {
    version: 5,
    storage_identifier: 'mcap',
    duration,
    starting_time,
    message_count,
    topics_with_message_count: Array.from(topics, ({ name, type, qos, channelId }) => ({
      topic_metadata: { name, type, serialization_format: 'cdr', offered_qos_profiles: qos },
      message_count: channelMessageCounts.get(channelId) ?? 0n,
    })),
    compression_format: '',
    compression_mode: '',
    relative_file_paths: [path],
    files: [{ path, starting_time, duration, message_count }],
  };
}

/** YAML 1.1, which is what rosbag2's parser reads, with strings quoted so that none is parsed as another type. */
export function toYaml(content: unknown): string {
  return stringify(content, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 });
}

/** A text until version 8, nested YAML since version 9. */
function qosOf(profiles: unknown): string | undefined {
  if (typeof profiles === 'string' && profiles !== '') return profiles;
  if (Array.isArray(profiles) && profiles.length > 0) return stringify(profiles).trimEnd();
  return undefined;
}
