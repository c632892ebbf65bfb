import type { EffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';

/** A topic of a bag. */
export interface BagTopic {
  readonly name: string;
  /** E.g. `sensor_msgs/msg/Image`; empty if the bag does not name it. */
  readonly type: string;
  /** Serialisation format: `cdr` for ROS 2 messages. */
  readonly encoding: string;
  /** Message count from the bag's index; undefined if the index has none. */
  readonly messageCount: number | undefined;
  /** `offered_qos_profiles` as recorded by rosbag2 (YAML), if present. */
  readonly qos?: string | undefined;
}

/** One recorded message with its raw bytes. */
export interface RawBagMessage {
  readonly topic: string;
  /** E.g. `sensor_msgs/msg/Image`; empty if the bag does not name it. */
  readonly type: string;
  /** Serialisation format, as a topic's. */
  readonly encoding: string;
  /** When the recorder received it, nanoseconds since the epoch; messages are sorted by it. */
  readonly logTimeNs: bigint;
  /** When it was published; equals `logTimeNs` if the storage does not keep it (sqlite3). */
  readonly publishTimeNs: bigint;
  /** The publisher's sequence number if the storage keeps it, else 0. */
  readonly sequence: number;
  /**
   * The serialised message; in `cdr` with its four-byte encapsulation header. May be a view of a larger buffer shared
   * with other messages: it stays valid, but must not be written.
   */
  readonly data: Uint8Array;
}

/** A recorded camera image. */
export interface BagImage {
  readonly kind: 'image';
  /** Its `source` is the topic's name; its data are the bag's bytes, not a copy. */
  readonly frame: ImageFrame;
  readonly logTimeNs: bigint;
}

/** A recorded message of a detector (vision_msgs/Detection2DArray), not parsed. */
export interface BagDetections {
  readonly kind: 'detections';
  readonly topic: string;
  readonly logTimeNs: bigint;
  readonly data: Uint8Array;
}

/** A recorded message that cannot be read as an image; yielded, so that nothing is lost silently. */
export interface BagMessageProblem {
  readonly kind: 'problem';
  readonly topic: string;
  readonly logTimeNs: bigint;
  readonly error: EffvitError;
}

export type BagMessages = AsyncGenerator<RawBagMessage, void, undefined>;

/** Selects messages; an absent field does not restrict them. */
export interface BagMessageFilter {
  readonly topics?: ReadonlySet<string> | undefined;
  /** First log time, inclusive. */
  readonly startNs?: bigint | undefined;
  /** Last log time, inclusive. */
  readonly endNs?: bigint | undefined;
}

/** One storage file of a bag. */
export interface BagFile {
  readonly path: string;
  readonly topics: readonly BagTopic[];
  /** Log time of the first and last message, if the file states it before it is read. */
  readonly startNs: bigint | undefined;
  readonly endNs: bigint | undefined;
  /**
   * Messages in log-time order. Unreadable parts are skipped and added to the bag's warnings. Several iterations may
   * run at once.
   */
  messages(filter: BagMessageFilter): BagMessages;
  /** Idempotent; ends iterations that still run. */
  close(): Promise<void>;
}

/** Topics of several files or channels as one list, ordered by name; the counts of equal names are added. */
export function mergedTopics(topics: Iterable<BagTopic>): BagTopic[] {
  const merged = new Map<string, BagTopic>();
  for (const topic of topics) {
    const known = merged.get(topic.name) ?? { ...topic, messageCount: 0 };
    merged.set(topic.name, {
      name: topic.name,
      type: known.type || topic.type,
      encoding: known.encoding || topic.encoding,
      messageCount: sumOfKnown([known.messageCount, topic.messageCount]),
      qos: known.qos ?? topic.qos,
    });
  }
  return [...merged.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The sum; undefined if one of the counts is unknown. */
export function sumOfKnown(counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce((a, b) => (a === undefined || b === undefined ? undefined : a + b), 0);
}

/** The earliest start and the latest end of those that are known. */
export function timeSpan(parts: readonly Pick<BagFile, 'startNs' | 'endNs'>[]) {
  const sorted = (times: readonly (bigint | undefined)[]): bigint[] =>
    times.filter((time) => time !== undefined).sort(compareTimes);
  return {
    startNs: sorted(parts.map(({ startNs }) => startNs)).at(0),
    endNs: sorted(parts.map(({ endNs }) => endNs)).at(-1),
  };
}

export function compareTimes(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
