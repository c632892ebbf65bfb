import type { ModelManifest } from './ModelManifest.js';

/**
 * The manifest.yaml of a model made from another one: preprocessing and output are copied; tensor names are left out,
 * since a classifier has one input and one output.
 *
 * @param labels value of the key `labels`
 */
export function inheritedManifestYaml(
  source: ModelManifest,
  classCount: number,
  labels: string,
): Readonly<Record<string, unknown>> {
  const { input, preprocess, output } = source;
  return {
    licence: source.licence,
    sources: source.sources,
    input: {
      width_px: input.widthPx,
      height_px: input.heightPx,
      layout: input.layout,
      color: input.color,
      mean: input.mean,
      scale: input.scale,
    },
    preprocess: {
      resize_mode: preprocess.resizeMode,
      resize_short_side_px: preprocess.resizeShortSidePx,
      pad_value: preprocess.padValue,
      range: preprocess.yuvRange,
    },
    output: {
      class_count: classCount,
      activation: output.activation,
      ...(output.temperature !== undefined && { temperature: output.temperature }),
    },
    labels,
  };
}
