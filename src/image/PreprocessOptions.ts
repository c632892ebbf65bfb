import { inspect } from 'node:util';
import { defined } from '../core/defined.js';
import { EffvitError } from '../core/EffvitError.js';
import type { YuvRange } from './ImageFrame.js';
import type { Roi } from './Roi.js';

export const PREPROCESS_RESIZE_MODES = ['stretch', 'crop', 'letterbox'] as const;

export type PreprocessResizeMode = (typeof PREPROCESS_RESIZE_MODES)[number];

export const PREPROCESS_FILTERS = ['auto', 'bilinear', 'antialias', 'area'] as const;

export type PreprocessFilter = (typeof PREPROCESS_FILTERS)[number];

export const RESIZE_ON = ['auto', 'cpu', 'bpu'] as const;

export type ResizeOn = (typeof RESIZE_ON)[number];

/**
 * How a frame of any size and encoding is converted to the network's NV12. Frozen; made by {@link preprocessOptions}.
 */
export interface PreprocessOptions {
  /** The model's, 16 to 4096. The NV12 of an odd size has one more column or row ({@link evened}). */
  readonly widthPx: number;
  /** 16 to 4096. */
  readonly heightPx: number;
  /**
   * `stretch`: the aspect ratio is not kept. `crop`: the short side is scaled to `resizeShortSidePx`, then the centre
   * is cropped. `letterbox`: the whole frame, with a border of `padValue`.
   *
   * A frame of exactly widthPx x heightPx counts as already prepared and is not resampled in any mode.
   */
  readonly resizeMode: PreprocessResizeMode;
  /** Used by `crop`; at least widthPx and heightPx. */
  readonly resizeShortSidePx: number;
  /** Grey value (R = G = B) of the letterbox's border, 0 to 255. */
  readonly padValue: number;
  /** BT.601 range of the produced NV12: a property of the model. */
  readonly range: YuvRange;
  /** BT.601 range of YUV input: a property of the camera. */
  readonly sourceRange: YuvRange;
  /**
   * `bilinear`: two taps an axis at half-pixel centres, as OpenCV's INTER_LINEAR. `antialias`: bilinear with a triangle
   * that widens as the picture shrinks, as in Pillow and torchvision. `area`: the average over the exact area that an
   * output pixel covers, as INTER_AREA. With each of them, an axis that is not shrunk is bilinear.
   *
   * `auto`: `area` if either axis shrinks by more than 2, else `antialias`. Plain bilinear skips source pixels when it
   * shrinks, unlike the resizing of training pictures.
   */
  readonly filter: PreprocessFilter;
  /**
   * Where frames are cropped and scaled. `bpu`: on the chip, bilinear, if it can. `auto`: on the chip too, except for
   * regions that it would have to narrow and filters that it lacks. In all other cases, and with `cpu`, on the CPU.
   */
  readonly resizeOn: ResizeOn;
  /** Whether pictures that the CPU resizes are also measured ({@link PictureFigures}). */
  readonly isMeasured: boolean;
  /** The part of every picture that is used, as if the rest had been cropped before; undefined: all of it. */
  readonly roi: Roi | undefined;
}

const DEFAULTS: PreprocessOptions = {
  widthPx: 224,
  heightPx: 224,
  resizeMode: 'crop',
  resizeShortSidePx: 256,
  padValue: 127,
  range: 'full',
  sourceRange: 'full',
  filter: 'auto',
  resizeOn: 'auto',
  isMeasured: false,
  roi: undefined,
};

const RANGES: readonly YuvRange[] = ['full', 'limited'];
const CHOICES = {
  resizeMode: PREPROCESS_RESIZE_MODES,
  range: RANGES,
  sourceRange: RANGES,
  filter: PREPROCESS_FILTERS,
  resizeOn: RESIZE_ON,
} as const;
const MIN_SIDE_PX = 16;
const MAX_SIDE_PX = 4096;

/**
 * Fills in the defaults (224x224, crop from 256, full range, auto filter), checks everything and freezes it.
 *
 * @throws EffvitError BAD_ARGUMENT naming every wrong value at once.
 */
export function preprocessOptions(given: Partial<PreprocessOptions> = {}): PreprocessOptions {
  const options: PreprocessOptions = { ...DEFAULTS, ...defined(given) };
  const problems: string[] = [];
  const expect = (name: keyof PreprocessOptions, isGood: boolean, expected: string) => {
    if (!isGood) problems.push(`expected ${expected} for ${name} but received ${inspect(options[name])}`);
  };
  const isInteger = (value: number, min: number, max: number) =>
    Number.isInteger(value) && value >= min && value <= max;
  for (const name of ['widthPx', 'heightPx'] as const) {
    const range = `a whole number from ${MIN_SIDE_PX} to ${MAX_SIDE_PX}`;
    expect(name, isInteger(options[name], MIN_SIDE_PX, MAX_SIDE_PX), range);
  }
  const longest = Math.max(options.widthPx, options.heightPx);
  const shortSideMinPx = options.resizeMode === 'crop' && Number.isFinite(longest) ? longest : 1;
  expect(
    'resizeShortSidePx',
    isInteger(options.resizeShortSidePx, shortSideMinPx, 4 * MAX_SIDE_PX),
    `an integer from ${shortSideMinPx} (the network's longer side) to ${4 * MAX_SIDE_PX}`,
  );
  expect('padValue', isInteger(options.padValue, 0, 255), 'an integer from 0 to 255');
  for (const [name, choices] of Object.entries(CHOICES) as [keyof typeof CHOICES, readonly string[]][]) {
    expect(name, choices.includes(options[name]), `one of ${choices.join(', ')}`);
  }
  if (problems.length > 0) {
    throw new EffvitError('BAD_ARGUMENT', `The preprocessing options are wrong: ${problems.join('; ')}.`);
  }
  return Object.freeze(options);
}
