import type { RawMessageInfo } from '../patches/loadedAddon.js';

/** Publishers come and go with each start of a camera; those heard last are remembered. */
const KEPT_PUBLISHERS = 32;

/** Counts messages that publishers sent and that were not taken, by the gaps between the numbers of those that were. */
export class SequenceGaps {
  readonly #lastByPublisher = new Map<string, bigint>();

  /** Messages of this publisher between the one before and this one; 0 for its first, and where it began anew. */
  before({
    publisher_gid,
    publication_sequence_number: number,
  }: Pick<RawMessageInfo, 'publisher_gid' | 'publication_sequence_number'>): number {
    // Cyclone DDS does not tell the number.
    if (number <= 0n) return 0;
    const publisher = publisher_gid.toString('latin1');
    const last = this.#lastByPublisher.get(publisher);
    if (last === undefined && this.#lastByPublisher.size >= KEPT_PUBLISHERS) this.#lastByPublisher.clear();
    this.#lastByPublisher.set(publisher, number);
    return last === undefined || number <= last ? 0 : Number(number - last - 1n);
  }
}
