import type { McapTypes } from '@mcap/core';

/**
 * A part of the data section that is read at once: a chunk, or a run of records outside any chunk (from a file without
 * chunks, or the readable part of a truncated chunk).
 */
export interface McapSegment {
  readonly kind: 'chunk' | 'records';
  /** Offset of its first record: for a chunk, of the chunk record itself. */
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** First and last log time of its messages, as the file states them. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** The channels that have messages in it; undefined if the file does not say. */
  readonly channelIds?: ReadonlySet<number> | undefined;
  /** Its message count; undefined if the file does not say. */
  readonly messageCount?: number | undefined;
}

/** The structure of an MCAP file, known before its messages are read. */
export interface McapLayout {
  readonly segments: readonly McapSegment[];
  readonly channels: ReadonlyMap<number, McapTypes.Channel>;
  readonly schemas: ReadonlyMap<number, McapTypes.Schema>;
  /** Message count of each channel; undefined if the file has no such statistics. */
  readonly messageCounts: ReadonlyMap<number, number> | undefined;
}
