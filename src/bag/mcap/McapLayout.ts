import type { McapTypes } from '@mcap/core';

/**
 * A piece of the data section that is read as one: a chunk, or a run of records that stand outside any
 * chunk (a file written without chunks, or the readable part of a chunk that was cut off).
 */
export interface McapSegment {
  readonly kind: 'chunk' | 'records';
  /** Where its first record begins: for a chunk the chunk record itself. */
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** First and last log time of its messages, as the file states them. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** The channels that have messages in it; undefined where the file does not say. */
  readonly channelIds: ReadonlySet<number> | undefined;
  /** Its messages; undefined where the file does not say. */
  readonly messageCount: number | undefined;
}

/** What is known of an MCAP file before its messages are read. */
export interface McapLayout {
  readonly segments: readonly McapSegment[];
  readonly channels: ReadonlyMap<number, McapTypes.Channel>;
  readonly schemas: ReadonlyMap<number, McapTypes.Schema>;
  /** Messages of each channel; undefined where the file has no such statistics. */
  readonly messageCounts: ReadonlyMap<number, number> | undefined;
}
