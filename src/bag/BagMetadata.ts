import { stat } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { EffvitError, fileError, readError } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';
import type { BagTopic } from './BagFile.js';

/** A metadata.yaml lists topics and files; a larger file is rejected. */
const MOST_BYTES = 16 * 1024 * 1024;

/** rosbag2 marks the start of an empty recording with the largest int64. */
const NO_TIME_NS = 2n ** 63n - 1n;

const integer = z.union([z.bigint(), z.number().int().transform(BigInt)]);

const nanoseconds = z.object({ nanoseconds: integer });

const time = z.object({ nanoseconds_since_epoch: integer });

const topicMetadata = z.object({
  name: z.string(),
  type: z.string(),
  serialization_format: z.string(),
  offered_qos_profiles: z.unknown().optional(),
});

const schema = z.object({
  rosbag2_bagfile_information: z.object({
    version: integer,
    storage_identifier: z.string(),
    relative_file_paths: z.array(z.string()).nullable(),
    message_count: integer.optional(),
    compression_format: z.string().nullish(),
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
            z.object({ topic_metadata: topicMetadata, message_count: integer }),
          ),
      )
      .nullish(),
    files: z
      .array(
        z.object({ path: z.string(), starting_time: time, duration: nanoseconds, message_count: integer }),
      )
      .nullish(),
  }),
});

/** One entry of `files` (metadata version 5 and later). */
export interface BagMetadataFile {
  readonly path: string;
  readonly startNs: bigint | undefined;
  readonly endNs: bigint | undefined;
  readonly messageCount: number;
}

/** Content of a rosbag2 folder's `metadata.yaml`, of any version. */
export interface BagMetadata {
  readonly storageIdentifier: string;
  readonly relativeFilePaths: readonly string[];
  readonly messageCount: number | undefined;
  /** As written, upper case in old versions: `file`, `message` or empty. */
  readonly compressionMode: string;
  readonly compressionFormat: string;
  readonly topics: readonly BagTopic[];
  readonly files: readonly BagMetadataFile[];
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
  const result = schema.safeParse(content);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new EffvitError(
      'BAD_BAG',
      `${path} is no metadata of a rosbag2 recording: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'unknown form'}.`,
      { context: { file: path }, cause: result.error },
    );
  }
  const info = result.data.rosbag2_bagfile_information;
  return {
    storageIdentifier: info.storage_identifier,
    relativeFilePaths: info.relative_file_paths ?? [],
    messageCount: info.message_count === undefined ? undefined : Number(info.message_count),
    compressionMode: (info.compression_mode ?? '').toLowerCase(),
    compressionFormat: info.compression_format ?? '',
    topics: (info.topics_with_message_count ?? []).map(({ topic_metadata: topic, message_count: count }) => ({
      name: topic.name,
      type: topic.type,
      encoding: topic.serialization_format,
      messageCount: Number(count),
      ...qosOf(topic.offered_qos_profiles),
    })),
    files: (info.files ?? []).map(
      ({ path: filePath, starting_time: start, duration, message_count: count }) => {
        const startNs = start.nanoseconds_since_epoch;
        const hasTime = startNs !== NO_TIME_NS;
        return {
          path: filePath,
          startNs: hasTime ? startNs : undefined,
          endNs: hasTime ? startNs + duration.nanoseconds : undefined,
          messageCount: Number(count),
        };
      },
    ),
  };
}

/** A text until version 8, nested YAML since version 9. */
function qosOf(profiles: unknown): { qos?: string } {
  if (typeof profiles === 'string' && profiles !== '') return { qos: profiles };
  if (Array.isArray(profiles) && profiles.length > 0) return { qos: stringify(profiles).trimEnd() };
  return {};
}
