import { PICTURE_PROBLEMS, type PictureCondition, type PictureProblem } from '../../pool/FrameOutcome.js';

/** By which a camera's pictures are judged: the last frames, some seconds of them. */
const WINDOW_NS = 5e9;
/** Frames that are kept; a camera faster than this is judged by fewer seconds. */
const MOST_FRAMES = 600;

/** What the pictures of a camera showed in the last seconds. */
export interface PictureView {
  /** Of the newest frame. */
  readonly newest: PictureCondition;
  /** What was wrong with more than half of the frames, and the newest frame that shows it. */
  readonly problems: readonly { readonly problem: PictureProblem; readonly shown: PictureCondition }[];
}

/** Judges a camera by more than one picture: a lamp that flickers, or a hand that passes, is no fault. */
export class PictureWatch {
  readonly #frames: { readonly condition: PictureCondition; readonly atNs: number }[] = [];

  /** @param atNs of the monotonic clock. */
  look(condition: PictureCondition, atNs: number): void {
    this.#frames.push({ condition, atNs });
    if (this.#frames.length > MOST_FRAMES) this.#frames.shift();
  }

  /** Undefined where no picture was judged in the last seconds. */
  view(nowNs: number): PictureView | undefined {
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
