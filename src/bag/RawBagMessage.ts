/** One recorded message as its bytes lie in the bag. */
export interface RawBagMessage {
  readonly topic: string;
  /** E.g. `sensor_msgs/msg/Image`; empty where the bag does not name it. */
  readonly type: string;
  /** Serialisation format, as a topic's. */
  readonly encoding: string;
  /** When the recorder received it, nanoseconds since the epoch; messages come in this order. */
  readonly logTimeNs: bigint;
  /** When it was published; equals `logTimeNs` where the storage does not keep it (sqlite3). */
  readonly publishTimeNs: bigint;
  /** The publisher's count where the storage keeps it, else 0. */
  readonly sequence: number;
  /**
   * The serialised message; in `cdr` with its four-byte encapsulation header. May be a view into a
   * larger buffer that other messages share: it stays valid, but must not be written.
   */
  readonly data: Uint8Array;
}
