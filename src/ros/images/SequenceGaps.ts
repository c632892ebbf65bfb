import type { RclMessageInfo } from '../rcl/rcl.js';

/** Publishers come and go with each start of a camera; those heard last are remembered. */
const KEPT_PUBLISHERS = 32;

/** Counts messages that publishers sent and that did not arrive, by the gaps between the numbers of those that did. */
export class SequenceGaps {
  readonly #lastByPublisher = new Map<string, bigint>();

  /** Messages of this publisher that are missing between the one before and this one; 0 for its first. */
  missingBefore({ publisherGid, publicationSequenceNumber: number }: RclMessageInfo): number {
    // Cyclone DDS does not tell the number.
    if (number <= 0n) return 0;
    const publisher = publisherGid.toString('latin1');
    const last = this.#lastByPublisher.get(publisher);
    if (last === undefined && this.#lastByPublisher.size >= KEPT_PUBLISHERS) this.#lastByPublisher.clear();
    this.#lastByPublisher.set(publisher, number);
    return last === undefined || number <= last ? 0 : Number(number - last - 1n);
  }
}
