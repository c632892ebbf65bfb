import type { FrameHeader } from '../image/ImageFrame.js';

/** Most cameras that are remembered. */
const MOST_SOURCES = 1000;

/**
 * Finds cameras with the same frame_id (e.g. two of one kind with their driver's default): the header of a
 * Classification does not distinguish them.
 */
export class SharedFrameIds {
  readonly #sources = new Set<string>();
  readonly #firstOf = new Map<string, string>();

  /**
   * @param remedy how to distinguish them; ends the message.
   * @returns a message at the first frame of a camera whose frame_id is already used by another.
   */
  check({ source, frameId }: Pick<FrameHeader, 'source' | 'frameId'>, remedy: string): string | undefined {
    if (this.#sources.has(source) || this.#sources.size >= MOST_SOURCES) return undefined;
    this.#sources.add(source);
    const other = this.#firstOf.get(frameId);
    if (other === undefined) {
      this.#firstOf.set(frameId, source);
      return undefined;
    }
    return `${other} and ${source} both send the frame_id '${frameId}', so that the header of a result does not tell of which camera it is: ${remedy}.`;
  }
}
