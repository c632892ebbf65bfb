import { type PreprocessOptions, preprocessOptions } from '../image/PreprocessOptions.js';
import { parseRoi } from '../image/Roi.js';
import type { OnnxBackendSpec } from '../inference/BackendSpec.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import type { ClassifierOptions } from './classifierOptions.js';

/** The options that decide how a frame becomes the model's input. */
export type FrameOptions = Pick<
  ClassifierOptions,
  'resizeMode' | 'resizeFilter' | 'resizeOn' | 'roi' | 'nv12Range' | 'sourceYuvRange'
> &
  Partial<Pick<ClassifierOptions, 'pictureChecks'>>;

/** Preprocessing for a model: from its manifest, unless the options override it. */
export function modelPreprocess(manifest: ModelManifest, options: FrameOptions): PreprocessOptions {
  const { input, preprocess } = manifest;
  const isMeasured = (options.pictureChecks ?? 'none') !== 'none';
  const roi = parseRoi(options.roi);
  return preprocessOptions({
    widthPx: input.widthPx,
    heightPx: input.heightPx,
    resizeMode: options.resizeMode === 'model' ? preprocess.resizeMode : options.resizeMode,
    resizeShortSidePx: preprocess.resizeShortSidePx,
    padValue: preprocess.padValue,
    range: options.nv12Range === 'model' ? preprocess.yuvRange : options.nv12Range,
    sourceRange: options.sourceYuvRange,
    filter: options.resizeFilter,
    // Frames that the chip resizes cannot be measured.
    resizeOn: isMeasured ? 'cpu' : options.resizeOn,
    isMeasured,
    // Options were checked before.
    roi: roi === 'malformed' ? undefined : roi,
  });
}

/**
 * The onnx backend's description of a model. It names the range of the NV12 input, so that full-range and limited-range
 * frames give the same colours.
 *
 * @param onnxPath the .onnx file: listed in the manifest, or built for it.
 */
export function onnxBackendSpec(
  manifest: ModelManifest,
  onnxPath: string,
  preprocess: PreprocessOptions,
  { intraOpThreads, onnxBatch }: Pick<ClassifierOptions, 'intraOpThreads' | 'onnxBatch'>,
): OnnxBackendSpec {
  const { input, output } = manifest;
  return {
    kind: 'onnx',
    modelPath: onnxPath,
    input,
    yuvRange: preprocess.range,
    intraOpThreads,
    ...(onnxBatch > 1 && { mostFrames: onnxBatch }),
    ...(output.name !== undefined && { outputName: output.name }),
    ...(output.classCount !== undefined && { classCount: output.classCount }),
  };
}
