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
