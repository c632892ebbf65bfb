/** What programs may use: `import { Classifier, openBag } from 'effvit'`. */

export { openBag } from './bag/openBag.js';
export { McapBagWriter } from './bag/writing/McapBagWriter.js';
export {
  Classifier,
  type ClassifyOutcome,
} from './classify/Classifier.js';
export type { ClassResult } from './classify/ClassResult.js';
export {
  CLASSIFIER_OPTIONS,
  type ClassifierOptions,
  type ClassifierStartOptions,
  classifierOptions,
} from './classify/classifierOptions.js';
export { loadModel, type ModelNotices } from './classify/loadModel.js';
export type { ClassifierModel } from './classify/ModelReading.js';
export { modelPreprocess, onnxBackendSpec } from './classify/prepareModel.js';
export type { ClassifyRegionsOutcome, RegionResult } from './classify/RegionResult.js';
export { EffvitError, type EffvitErrorCode } from './core/EffvitError.js';
export { ownProcessExit } from './core/processExit.js';
export { ensureOnnx } from './fetch/ensureOnnx.js';
export type { CompressedImageFrame, ImageFrame, RawImageFrame } from './image/ImageFrame.js';
export type { PictureRegion, RegionBox } from './image/PictureRegion.js';
export { pictureFrame } from './image/pictureFrame.js';
export type { BackendSpec, ModuleBackendSpec } from './inference/BackendSpec.js';
export type { InferenceBackend } from './inference/InferenceBackend.js';
export type { ModelManifest } from './model/ModelManifest.js';
export { resolveModel } from './model/resolveModel.js';
