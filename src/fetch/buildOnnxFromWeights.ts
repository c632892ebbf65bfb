import type { BuiltOnnxSource } from '../model/ModelManifest.js';

/** What the builder gets; it writes a whole ONNX file to `outputPath` or throws. */
export interface BuildOnnxJob {
  readonly weightsPath: string;
  readonly outputPath: string;
  readonly source: BuiltOnnxSource;
  readonly classCount: number;
}

export type BuildOnnx = (job: BuildOnnxJob) => Promise<void>;

/** The package's own builder, as {@link BuildOnnx}: float32 RGB input, batch 1, opset 11. */
export const buildOnnxFromWeights: BuildOnnx = async ({ weightsPath, outputPath, source, classCount }) => {
  // Loaded when there is something to build: a model that is ready starts without it.
  const { buildModelFile } = await import('../efficientvit/buildModelFile.js');
  await buildModelFile({ weightsPath, outputPath, variant: source.variant, classCount });
};
