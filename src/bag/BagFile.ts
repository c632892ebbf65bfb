import type { RawBagMessage } from './RawBagMessage.js';

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
  readonly qos?: string;
}

/** Selects messages; an absent field does not restrict them. */
export interface BagMessageFilter {
  readonly topics?: ReadonlySet<string>;
  /** First log time, inclusive. */
  readonly startNs?: bigint;
  /** Last log time, inclusive. */
  readonly endNs?: bigint;
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
  messages(filter: BagMessageFilter): AsyncGenerator<RawBagMessage, void, undefined>;
  /** Idempotent; ends iterations that still run. */
  close(): Promise<void>;
}
