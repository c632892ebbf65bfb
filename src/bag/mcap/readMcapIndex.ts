import { McapIndexedReader, type McapTypes } from '@mcap/core';
import { EffvitError } from '../../core/EffvitError.js';
import type { RandomAccessFile } from '../RandomAccessFile.js';

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

/** A summary section is an index; a larger one means that the footer points to a wrong offset. */
const MOST_SUMMARY_BYTES = 2 ** 28;

/**
 * The layout from the summary at the end of the file, its checksum verified.
 *
 * @throws Error if the file has no summary, or one that does not cover its messages; the caller then scans the file.
 */
export async function readMcapIndex(file: RandomAccessFile): Promise<McapLayout> {
  const reader = await McapIndexedReader.Initialize({
    readable: {
      size: async () => BigInt(file.sizeBytes),
      read: async (offset: bigint, size: bigint) => {
        if (size > MOST_SUMMARY_BYTES) throw new Error(`its summary claims ${size} bytes`);
        return await file.read(Number(offset), Number(size));
      },
    },
  });
  const segments: McapSegment[] = [];
  for (const index of reader.chunkIndexes) {
    const channelIds = new Set(index.messageIndexOffsets.keys());
    for (const id of channelIds) {
      if (!reader.channelsById.has(id)) throw new Error('its summary does not name all channels');
    }
    segments.push({
      kind: 'chunk',
      offsetBytes: safeNumber(index.chunkStartOffset),
      lengthBytes: safeNumber(index.chunkLength),
      startNs: index.messageStartTime,
      endNs: index.messageEndTime,
      channelIds: channelIds.size === 0 ? undefined : channelIds,
      // A chunk without messages has no times (MCAP specification, Chunk).
      messageCount: channelIds.size === 0 && index.messageEndTime === 0n ? 0 : undefined,
    });
  }
  const counts = reader.statistics;
  if (segments.length === 0 && counts?.messageCount !== 0n) throw new Error('it has no chunk index');
  if (reader.channelsById.size === 0 && segments.length > 0) {
    throw new Error('its summary does not name the channels');
  }
  return {
    segments,
    channels: reader.channelsById,
    schemas: reader.schemasById,
    messageCounts:
      counts && new Map([...counts.channelMessageCounts].map(([id, count]) => [id, Number(count)])),
  };
}

function safeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new EffvitError('BAD_BAG', `its index points to byte ${value}`);
  }
  return Number(value);
}
