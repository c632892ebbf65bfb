import type { BuiltOnnxSource } from '../model/ModelManifest.js';

/** Input of the builder, which writes a whole ONNX file to `outputPath` or throws. */
export interface BuildOnnxJob {
  readonly weightsPath: string;
  readonly outputPath: string;
  readonly source: BuiltOnnxSource;
  readonly classCount: number;
}

export type BuildOnnx = (job: BuildOnnxJob) => Promise<void>;

/** The package's own builder, as {@link BuildOnnx}: float32 RGB input, batch 1, opset 11. */
export const buildOnnxFromWeights: BuildOnnx = async ({ weightsPath, outputPath, source, classCount }) => {
  // Imported only if there is something to build, for a fast start otherwise.
  const { buildModelFile } = await import('../efficientvit/buildModelFile.js');
  await buildModelFile({ weightsPath, outputPath, variant: source.variant, classCount });
};
