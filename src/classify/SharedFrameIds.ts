import type { FrameHeader } from '../image/ImageFrame.js';

/** Cameras that are kept in mind. */
const MOST_SOURCES = 1000;

/**
 * Finds cameras that send one frame_id (two of one kind, with their driver's default): a Classification's header does
 * not tell them apart.
 */
export class SharedFrameIds {
  readonly #sources = new Set<string>();
  readonly #firstOf = new Map<string, string>();

  /**
   * @param remedy how to tell them apart here: the end of the sentence.
   * @returns what to tell at the first frame of a camera whose frame_id another one has.
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
