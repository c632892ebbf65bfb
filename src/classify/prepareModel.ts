import type { Parameters } from '../core/parameters.js';
import { type PreprocessOptions, preprocessOptions } from '../image/PreprocessOptions.js';
import type { OnnxBackendSpec } from '../inference/BackendSpec.js';
import type { ModelManifest } from '../model/ModelManifest.js';

/** The parameters that decide how a frame becomes the model's input. */
export type PreprocessParameters = Pick<
  Parameters,
  'resize_mode' | 'resize_filter' | 'nv12_range' | 'source_yuv_range'
>;

/** How frames are prepared for a model: as its manifest says, where the parameters do not say otherwise. */
export function modelPreprocess(
  manifest: ModelManifest,
  parameters: PreprocessParameters,
): PreprocessOptions {
  const { input, preprocess } = manifest;
  return preprocessOptions({
    widthPx: input.widthPx,
    heightPx: input.heightPx,
    resizeMode: parameters.resize_mode === 'model' ? preprocess.resizeMode : parameters.resize_mode,
    resizeShortSidePx: preprocess.resizeShortSidePx,
    padValue: preprocess.padValue,
    range: parameters.nv12_range === 'model' ? preprocess.yuvRange : parameters.nv12_range,
    sourceRange: parameters.source_yuv_range,
    filter: parameters.resize_filter,
  });
}

/**
 * The onnx backend's description of a model. The graph is told the range of the NV12 that it gets, so that a
 * full-range and a limited-range frame mean the same colours.
 *
 * @param onnxPath the .onnx file: one that the manifest lists, or one that was built for it.
 */
export function onnxBackendSpec(
  manifest: ModelManifest,
  onnxPath: string,
  preprocess: PreprocessOptions,
  { intra_op_threads }: Pick<Parameters, 'intra_op_threads'>,
): OnnxBackendSpec {
  const { input, output } = manifest;
  return {
    kind: 'onnx',
    modelPath: onnxPath,
    input,
    yuvRange: preprocess.range,
    intraOpThreads: intra_op_threads,
    ...(output.name !== undefined && { outputName: output.name }),
    ...(output.classCount !== undefined && { classCount: output.classCount }),
  };
}
