import type { ModelManifest } from './ModelManifest.js';

/**
 * What a model that was made from another one takes over into its manifest.yaml: preprocessing and output. Names of
 * tensors are left out, since a classifier has one input and one output.
 *
 * @param labels as the key `labels` wants them
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
