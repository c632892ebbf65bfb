import { EffvitError } from '../core/EffvitError.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import type { PicturePlanes } from './FramePlanes.js';
import type { MakertbinConfig } from './makertbinSchema.js';
import type { FloatValue } from './OrtRunner.js';

/** What the configuration says about the way from a picture to the model's input. */
export interface InputNormalization {
  /** Order of the planes. */
  readonly color: 'rgb' | 'bgr';
  /** One value a channel, in the order of the planes. */
  readonly mean: readonly number[];
  readonly scale: readonly number[];
}

/** @throws EffvitError UNSUPPORTED for inputs that are no RGB or BGR pictures in NCHW */
export function inputNormalization({ input_parameters: input }: MakertbinConfig): InputNormalization {
  const refusal = (is: string, only: string): EffvitError =>
    new EffvitError('UNSUPPORTED', `${is}: only ${only} can be quantised here.`);
  const [color, ...others] = input.input_type_train;
  if (others.length > 0 || (color !== 'rgb' && color !== 'bgr')) {
    const types = input.input_type_train.join('; ');
    throw refusal(`input_type_train is ${types}`, 'one input of rgb or bgr pictures');
  }
  const [layout] = input.input_layout_train;
  if (layout !== 'NCHW') throw refusal(`input_layout_train is ${layout}`, 'NCHW');
  const norm = input.norm_type[0] ?? 'no_preprocess';
  return {
    color,
    mean: norm.includes('mean') ? channels(input.mean_value[0], 0) : [0, 0, 0],
    scale: norm.includes('scale') ? channels(input.scale_value[0], 1) : [1, 1, 1],
  };
}

/** Differences between the configuration and the manifest that the model will be run by, one sentence each. */
export function normalizationWarnings(
  config: MakertbinConfig,
  { name, input }: Pick<ModelManifest, 'name' | 'input'>,
): string[] {
  const yaml = inputNormalization(config);
  const warnings: string[] = [];
  const warn = (key: string, own: string, theirs: string): void => {
    warnings.push(
      `The yaml's ${key} is ${own}, but ${name} is run with ${theirs}: the int8 model is calibrated for the yaml's.`,
    );
  };
  if (yaml.color !== input.color) warn('input_type_train', yaml.color, input.color);
  for (const [key, own, theirs] of [
    ['mean_value', yaml.mean, input.mean],
    ['scale_value', yaml.scale, input.scale],
  ] as const) {
    // The same figure is written with more digits or fewer.
    const isNear = own.every(
      (value, channel) => Math.abs(value - (theirs[channel] ?? 0)) <= 1e-3 * Math.max(Math.abs(value), 1e-6),
    );
    if (!isNear) warn(key, own.join(' '), theirs.join(' '));
  }
  return warnings;
}

function channels(values: readonly number[] | undefined, fallback: number): number[] {
  return [0, 1, 2].map((channel) => values?.[channel] ?? values?.[0] ?? fallback);
}

/** normalised = (value - mean) * scale, as an input of these dimensions (1 x 3 x height x width). */
export function normalize(
  { planes }: PicturePlanes,
  { mean, scale }: InputNormalization,
  dims: readonly number[],
): FloatValue {
  const pixels = planes.length / 3;
  const data = new Float32Array(planes.length);
  for (let channel = 0; channel < 3; channel++) {
    const offset = mean[channel] ?? 0;
    const factor = scale[channel] ?? 1;
    for (let index = channel * pixels; index < (channel + 1) * pixels; index++) {
      data[index] = ((planes[index] ?? 0) - offset) * factor;
    }
  }
  return { dims, data };
}
