import { problemText } from '../../classify/PictureJudge.js';
import type { PictureProblem } from '../../pool/FrameOutcome.js';
import type { NodeParameterValues } from '../parameters/parameterTable.js';
import type { PictureView } from './PictureWatch.js';
import { LEVEL, type Values, type Verdict } from './Verdict.js';

export type PictureParameters = Pick<
  NodeParameterValues,
  | 'min_brightness'
  | 'max_brightness'
  | 'min_contrast'
  | 'min_sharpness'
  | 'max_flat_share'
  | 'max_unchanged_ms'
>;

interface WithPicture {
  readonly picture: PictureView | undefined;
}

/** Problems with which the camera shows nothing of its surroundings. */
const FAILURES: ReadonlySet<PictureProblem> = new Set(['covered', 'frozen']);
const NS_PER_MS = 1e6;

/** Problems of a camera's pictures, each with its figure and its limit; undefined if there are none. */
export function pictureVerdict({ picture }: WithPicture, parameters: PictureParameters): Verdict | undefined {
  if (picture === undefined || picture.problems.length === 0) return undefined;
  const limits = {
    minBrightness: parameters.min_brightness,
    maxBrightness: parameters.max_brightness,
    minContrast: parameters.min_contrast,
    minSharpness: parameters.min_sharpness,
    maxFlatShare: parameters.max_flat_share,
    maxUnchangedMs: parameters.max_unchanged_ms,
  };
  const isFailure = picture.problems.some(({ problem }) => FAILURES.has(problem));
  const texts = picture.problems.map(({ problem, shown }) => problemText(problem, shown, limits));
  return [isFailure ? LEVEL.error : LEVEL.warn, texts.join('; ')];
}

/** The figures of the newest picture; empty if pictures are not measured. */
export function pictureValues({ picture }: WithPicture): Values {
  if (picture === undefined) return {};
  const { figures, unchangedNs } = picture.newest;
  return {
    brightness: figures.brightness,
    contrast: figures.contrast,
    sharpness: figures.sharpness,
    flat_share: figures.flatShare,
    unchanged_ms: Math.round(unchangedNs / NS_PER_MS),
    picture_problems: picture.problems.map(({ problem }) => problem).join(', '),
  };
}
