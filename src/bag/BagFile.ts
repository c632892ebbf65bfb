import type { RawBagMessage } from './RawBagMessage.js';

/** A topic of a bag. */
export interface BagTopic {
  readonly name: string;
  /** E.g. `sensor_msgs/msg/Image`; empty where the bag does not name it. */
  readonly type: string;
  /** Serialisation format: `cdr` for ROS 2 messages. */
  readonly encoding: string;
  /** Messages as the bag's index counts them; undefined where it does not. */
  readonly messageCount: number | undefined;
  /** `offered_qos_profiles` as rosbag2 recorded it (YAML), where it did. */
  readonly qos?: string;
}

/** Which messages are wanted; everything where a field is left out. */
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
  /** Log time of the first and last message, as far as the file tells before it is read. */
  readonly startNs: bigint | undefined;
  readonly endNs: bigint | undefined;
  /**
   * Messages in log-time order. What cannot be read is left out and told to the bag's warnings.
   * Several iterations may run at once.
   */
  messages(filter: BagMessageFilter): AsyncGenerator<RawBagMessage, void, undefined>;
  /** Idempotent; ends iterations that still run. */
  close(): Promise<void>;
}
