import { PICTURE_PROBLEMS, type PictureCondition } from '../../pool/FrameOutcome.js';

/** A camera's pictures are judged over the frames of this time. */
const WINDOW_NS = 5e9;
/** The most frames that are retained; a very fast camera is judged over a shorter time. */
const MOST_FRAMES = 600;

/** Summary of a camera's pictures in the last seconds. */
export type PictureView = NonNullable<ReturnType<PictureWatch['view']>>;

/** Judges a camera over many pictures, because a flickering lamp or a passing hand is not a fault. */
export class PictureWatch {
  readonly #frames: { readonly condition: PictureCondition; readonly atNs: number }[] = [];

  /** @param atNs on the monotonic clock. */
  look(condition: PictureCondition, atNs: number): void {
    this.#frames.push({ condition, atNs });
    if (this.#frames.length > MOST_FRAMES) this.#frames.shift();
  }

  /**
   * The newest frame's measurements, and the problems of more than half of the frames, each with the newest frame that
   * shows it; undefined if no picture was measured in the last seconds.
   */
  view(nowNs: number) {
    const kept = this.#frames.findIndex(({ atNs }) => nowNs - atNs <= WINDOW_NS);
    this.#frames.splice(0, kept < 0 ? this.#frames.length : kept);
    const newest = this.#frames.at(-1)?.condition;
    if (newest === undefined) return undefined;
    const problems = PICTURE_PROBLEMS.flatMap((problem) => {
      const showing = this.#frames.filter(({ condition }) => condition.problems.includes(problem));
      const shown = showing.at(-1)?.condition;
      return shown !== undefined && 2 * showing.length > this.#frames.length ? [{ problem, shown }] : [];
    });
    return { newest, problems };
  }
}
