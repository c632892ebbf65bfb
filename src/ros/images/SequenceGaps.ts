import type { RawMessageInfo } from '../patches/loadedAddon.js';

/** Every start of a camera adds a publisher; only the latest ones are retained. */
const KEPT_PUBLISHERS = 32;

/** Counts messages that were sent and not taken, by the gaps between the sequence numbers of taken messages. */
export class SequenceGaps {
  readonly #lastByPublisher = new Map<string, bigint>();

  /** Messages of this publisher between the previous one and this one; 0 for its first, and after a restart. */
  before({
    publisher_gid,
    publication_sequence_number: number,
  }: Pick<RawMessageInfo, 'publisher_gid' | 'publication_sequence_number'>): number {
    // Cyclone DDS does not report the number.
    if (number <= 0n) return 0;
    const publisher = publisher_gid.toString('latin1');
    const last = this.#lastByPublisher.get(publisher);
    if (last === undefined && this.#lastByPublisher.size >= KEPT_PUBLISHERS) this.#lastByPublisher.clear();
    this.#lastByPublisher.set(publisher, number);
    return last === undefined || number <= last ? 0 : Number(number - last - 1n);
  }
}
