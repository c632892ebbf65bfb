import { stringify } from 'yaml';

/** One topic of a finished recording. */
export interface WrittenTopic {
  readonly name: string;
  readonly type: string;
  /** YAML, see {@link offeredQosProfiles}. */
  readonly qos: string;
  readonly messageCount: number;
}

/** A finished recording of one file. */
export interface WrittenBag {
  readonly fileName: string;
  readonly topics: readonly WrittenTopic[];
  /** Undefined if there are no messages. */
  readonly startNs: bigint | undefined;
  readonly endNs: bigint | undefined;
}

/**
 * rosbag2's metadata of a recording, version 5: Humble writes this version and every later release reads it. In
 * `metadata.yaml` it is nested under `rosbag2_bagfile_information`.
 */
export function bagMetadata(bag: WrittenBag): Record<string, unknown> {
  // What rosbag2 itself writes for a recording without messages.
  const starting_time = { nanoseconds_since_epoch: bag.startNs ?? 2n ** 63n - 1n };
  const duration = { nanoseconds: (bag.endNs ?? 0n) - (bag.startNs ?? 0n) };
  const message_count = bag.topics.reduce((sum, { messageCount }) => sum + messageCount, 0);
  return {
    version: 5,
    storage_identifier: 'mcap',
    duration,
    starting_time,
    message_count,
    topics_with_message_count: bag.topics.map(({ name, type, qos, messageCount }) => ({
      topic_metadata: { name, type, serialization_format: 'cdr', offered_qos_profiles: qos },
      message_count: messageCount,
    })),
    compression_format: '',
    compression_mode: '',
    relative_file_paths: [bag.fileName],
    files: [{ path: bag.fileName, starting_time, duration, message_count }],
  };
}

/** The text of `metadata.yaml`. */
export function bagMetadataYaml(bag: WrittenBag): string {
  return toYaml({ rosbag2_bagfile_information: bagMetadata(bag) });
}

/** YAML 1.1, which is what rosbag2's parser reads, with strings quoted so that none is parsed as another type. */
export function toYaml(content: unknown): string {
  return stringify(content, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 });
}
